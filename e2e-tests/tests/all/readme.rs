//! Documents against the programs: the README's walk-through prints what it says, and the settings
//! in docs/settings.md are those of the programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use e2e_tests::Stack;
use process_kit::secured::token;
use program_kit::access::Role;
use program_kit::program::Program;
use sample_sources::remote::{Options as RemoteOptions, Remote};
use sample_sources::upstream::{Options as UpstreamOptions, Upstream};
use sample_sources::worker_settings;
use serde_json::Value;
use test_kit::{TestBroker, eventually};
use tokio::process::Command;

fn document(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// A command of the walk-through and its output.
#[derive(Debug, Default)]
struct Step {
    command: String,
    output: String,
}

/// Parses the commands: they begin with `$ `; indented lines continue a command; the rest is
/// output.
fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let blocks = readme.split("```console\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap().lines()) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step { command: command.to_owned(), output: String::new() });
            }
            (None, Some(step)) if line.starts_with("    ") => {
                step.command.push('\n');
                step.command.push_str(line);
            }
            (None, Some(step)) => step.output.push_str(line),
            (None, None) => panic!("output before the first command: {line}"),
        }
    }
    steps
}

/// The times, the cursor, and who did it: they differ from run to run, or with the tokens.
const VARYING: [&str; 8] = [
    "created_at",
    "updated_at",
    "created_time",
    "modified_time",
    "date",
    "cursor",
    "creator",
    "modifier",
];

/// Parses the output without what varies.
fn timeless(output: &str) -> Value {
    let mut value: Value =
        serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output}"));
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !VARYING.contains(&name.as_str()));
    }
    value
}

async fn run(settings: &str, command: &str) -> String {
    let script = format!("{settings}\n{command}");
    let output = Command::new("bash").arg("-c").arg(&script).output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_prints_what_the_readme_says() {
    let broker = TestBroker::new().await;
    let upstream = Upstream::start(UpstreamOptions::default()).await.unwrap();
    let remote = Remote::start(RemoteOptions { seed_posts: Some(100), ..RemoteOptions::default() })
        .await
        .unwrap();
    let (upstream_url, remote_url) = (upstream.url(), remote.url());
    let sources = worker_settings(&upstream_url, &remote_url);
    let stack = Stack::start_with(&broker, &sources).await;
    let (store, warehouse) = (stack.store_svc.url(), stack.warehouse_svc.url());
    let worker = stack.worker.url();
    // The README's stack lets everybody in who is on its machine; this one wants to see a token.
    let folder = tempfile::tempdir().unwrap();
    let header = format!("Authorization: Bearer {}", token(Role::Write).expose());
    fs::write(folder.path().join(".curlrc"), format!("header = \"{header}\"\n")).unwrap();
    let home = format!("export CURL_HOME={}", folder.path().display());
    let mut settings = format!(
        "{home}\nSTORE_URL={store}\nWAREHOUSE_URL={warehouse}\nWORKER_URL={worker}\n\
         REMOTE_URL={remote_url}"
    );
    let mut shown = 0;
    for Step { command, output } in steps(&document("README.md")) {
        if output.is_empty() {
            // What is set stays set, as in a terminal; where things are is known already.
            if !command.starts_with(". ") {
                settings = format!("{settings}\n{command}");
            }
            continue;
        }
        let expected = timeless(&output);
        // A person reads before typing on; what only looks may look until it is there.
        let looks = !command.contains("-X") && !command.contains("--json");
        let as_expected = async || {
            let printed = timeless(&run(&settings, &command).await);
            assert!(looks || printed == expected, "{command}\n{printed}\nis not\n{expected}");
            (printed == expected).then_some(())
        };
        eventually(&command, as_expected).await;
        shown += 1;
    }
    assert_eq!(shown, 11, "the walk-through has as many steps with output");
}

/// Returns the settings of a program and their defaults, as `--help` shows them: `section.key`, and
/// nothing where the setting is required or has no default.
fn settings_of(program: &Program) -> BTreeMap<String, String> {
    let (mut section, mut settings) = (String::new(), BTreeMap::new());
    for line in program.layout.defaults().lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, value)) = line.trim_start_matches("# ").split_once(" =")
            && !key.contains(' ')
        {
            let default = if line.starts_with('#') { "" } else { value.trim().trim_matches('"') };
            settings.insert(format!("{section}.{key}"), default.to_owned());
        }
    }
    settings
}

#[test]
fn the_table_of_settings_has_each_setting_and_default_of_each_program_and_no_other() {
    let [store, warehouse] = [&store_svc::PROGRAM, &warehouse_svc::PROGRAM].map(settings_of);
    let worker = settings_of(&sync_worker::settings::PROGRAM);
    let of = |setting: &String| {
        let in_each = [&store, &warehouse, &worker].map(|each| each.contains_key(setting));
        match in_each {
            [true, true, true] => "all",
            [true, true, false] => "services",
            [false, true, false] => "warehouse",
            [false, false, true] => "worker",
            other => panic!("{setting} is a setting of {other:?}"),
        }
    };
    let table = document("docs/settings.md");
    let rows = table.lines().filter(|line| line.starts_with("| `")).map(|row| {
        let cells = row.split(" | ").collect::<Vec<_>>();
        let setting = cells[0].trim_start_matches("| ").trim_matches('`');
        (setting.to_owned(), (cells[1], cells[2].to_owned()))
    });
    let documented: BTreeMap<_, _> = rows.collect();
    let all: BTreeMap<_, _> = warehouse.iter().chain(&store).chain(&worker).collect();
    assert!(documented.keys().eq(all.keys().copied()), "{documented:?}\nare not\n{all:?}");
    for (setting, default) in all {
        let expected = match setting.as_str() {
            // Each program has its own.
            "http.port" => "8001, 8002, 8003".to_owned(),
            // In words: required, or what is done without it.
            _ if default.is_empty() => documented[setting].1.replace('`', ""),
            _ => format!("`{default}`"),
        };
        assert_eq!(documented[setting], (of(setting), expected), "{setting}");
    }
}
