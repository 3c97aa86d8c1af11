use std::collections::HashMap;

use secrecy::SecretString;
use serde::Deserialize;

use super::*;
use crate::broker::BrokerSettings;
use crate::http::HttpSettings;
use crate::telemetry::{LogFormat, LogSettings};

const LAYOUT: Layout = Layout {
    prefix: "TRY",
    port: 8001,
    sections: &[HttpSettings::DEFAULTS, BrokerSettings::DEFAULTS, LogSettings::DEFAULTS],
    aliases: &[
        Alias { variable: "OLD_PORT", setting: "http.port", unit: "" },
        Alias { variable: "OLD_SECONDS", setting: "broker.reply_timeout", unit: "s" },
    ],
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    http: HttpSettings,
    broker: BrokerSettings,
    log: LogSettings,
}

#[derive(Debug, Deserialize)]
struct Secret {
    password: SecretString,
}

fn load<S: DeserializeOwned>(layout: &Layout, variables: &[(&str, &str)]) -> Result<S, String> {
    let variables: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let environment = Environment::with_prefix(layout.prefix).source(Some(variables.clone()));
    let variable = |name: &str| variables.get(name).cloned();
    layout.load_with(None, variable, environment).map_err(|error| error.to_string())
}

const URL: (&str, &str) = ("TRY__BROKER__URL", "amqp://me:hunter2@127.0.0.1:5672/%2f");

#[test]
fn the_environment_wins_over_the_defaults() {
    let settings: Settings = load(&LAYOUT, &[URL, ("TRY__HTTP__PORT", "0")]).unwrap();
    assert_eq!((settings.http.port, settings.http.body_limit), (0, 16 * 1024 * 1024));
    assert_eq!(settings.log.format, LogFormat::Text);
    assert_eq!(settings.broker.url.expose(), URL.1);
}

#[test]
fn another_name_of_a_setting_works_and_gives_way_to_its_own() {
    let seconds = ("OLD_SECONDS", "90");
    let settings: Settings = load(&LAYOUT, &[URL, ("OLD_PORT", "7"), seconds]).unwrap();
    assert_eq!(settings.http.port, 7);
    assert_eq!(settings.broker.reply_timeout, std::time::Duration::from_secs(90));
    let both = [URL, ("OLD_PORT", "7"), ("TRY__HTTP__PORT", "8")];
    assert_eq!(load::<Settings>(&LAYOUT, &both).unwrap().http.port, 8);
    let empty: Settings = load(&LAYOUT, &[URL, ("OLD_PORT", "")]).unwrap();
    assert_eq!(empty.http.port, 8001);
    let refusal = load::<Settings>(&LAYOUT, &[URL, ("OLD_SECONDS", "soon")]).unwrap_err();
    assert!(refusal.contains("broker.reply_timeout"), "{refusal}");
}

#[test]
fn what_is_missing_unknown_or_malformed_is_named() {
    let refusal = |variables: &[_]| load::<Settings>(&LAYOUT, variables).unwrap_err();
    assert!(refusal(&[]).contains("broker.url"), "{}", refusal(&[]));
    let cases = [
        (("TRY__HTTP__PROT", "1"), "prot"),
        (("TRY__HTTP__PORT", "many"), "http.port"),
        (("TRY__HTTP__HOST", "nowhere.example"), "http.host"),
        (("TRY__BROKER__REPLY_TIMEOUT", "soon"), "broker.reply_timeout"),
        (("TRY__LOG__FILTER", "a=b=c"), "log.filter"),
        (("TRY__BROKER__URL", "hunter2"), "broker.url"),
    ];
    for (variable, named) in cases {
        let refusal = refusal(&[URL, variable]);
        assert!(refusal.contains(named), "{variable:?}: {refusal}");
        assert!(!refusal.contains("hunter2"), "the secret is in: {refusal}");
        assert!(!refusal.contains('\n'), "more than one line: {refusal}");
    }
}

#[test]
fn a_password_of_digits_stays_what_it_is() {
    use secrecy::ExposeSecret;
    let layout = Layout { prefix: "TRY", port: 0, sections: &[], aliases: &[] };
    let secret: Secret = load(&layout, &[("TRY__PASSWORD", "0012")]).unwrap();
    assert_eq!(secret.password.expose_secret(), "0012");
}

#[test]
fn a_secret_does_not_show_itself() {
    let settings: Settings = load(&LAYOUT, &[URL]).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}
