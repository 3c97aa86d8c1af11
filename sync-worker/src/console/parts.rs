//! Small parts of pages: times, numbers, marks, empty lists, fields.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

/// How much something needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// Neither good nor bad.
    Plain,
    /// Nothing is to be done.
    Good,
    /// Something is under way.
    Busy,
    /// Somebody has to decide something.
    Warn,
    /// Something is broken.
    Bad,
}

impl Tone {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Plain => "plain",
        }
    }
}

/// A time: the script shows it in the reader's zone, and the exact one is in its tooltip.
pub(crate) fn time(at: DateTime<Utc>) -> Markup {
    let exact = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    html! { time datetime=(exact) title=(exact) { (at.format("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// A time that may not be there.
pub(crate) fn maybe_time(at: Option<DateTime<Utc>>) -> Markup {
    at.map_or_else(none, time)
}

/// A time as it was sent, in RFC 3339.
pub(crate) fn sent_time(text: &str) -> Markup {
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => time(at.to_utc()),
        Err(_) => html! { (text) },
    }
}

/// What stands where there is no value.
pub(crate) fn none() -> Markup {
    html! { span.none { "–" } }
}

/// A text that may not be there.
pub(crate) fn maybe(text: Option<&str>) -> Markup {
    text.map_or_else(none, |text| html! { (text) })
}

/// A number with its thousands set apart.
pub(crate) fn count(number: impl TryInto<i128>) -> String {
    let Ok(number) = number.try_into() else { return "many".to_owned() };
    let digits = number.unsigned_abs().to_string();
    let first = digits.len() % 3;
    let mut groups = vec![&digits[..first]];
    groups.extend(digits.as_bytes()[first..].chunks(3).filter_map(|it| str::from_utf8(it).ok()));
    let groups = groups.into_iter().filter(|group| !group.is_empty()).collect::<Vec<_>>();
    format!("{}{}", if number < 0 { "−" } else { "" }, groups.join("\u{202f}"))
}

/// A number of things: `1 change`, `2 changes`.
pub(crate) fn number_of(number: u64, one: &str, several: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { several })
}

/// A length of time for a person: `850 ms`, `12 s`, `4 min`, `3 h`, `2 d`.
pub(crate) fn length(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// The time that has passed since then.
pub(crate) fn since(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - then).to_std().unwrap_or_default()
}

/// Milliseconds for a person: `2.4 ms`, `180 ms`, `12 s`.
pub(crate) fn millis(millis: f64) -> String {
    match millis {
        short if short < 10.0 => format!("{short:.1} ms"),
        short if short < 1_000.0 => format!("{short:.0} ms"),
        long if long < 10_000.0 => format!("{:.1} s", long / 1e3),
        long => length(Duration::from_secs_f64(long / 1e3)),
    }
}

/// A mark: a word with a tone.
pub(crate) fn mark(tone: Tone, text: &str) -> Markup {
    html! { span.mark.(tone.class()) { (text) } }
}

/// A line about something that needs attention, or was done.
pub(crate) fn message(tone: Tone, content: &Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! { div.message.(tone.class()) role=(role) { (content) } }
}

/// What an empty list says, and what to do next.
pub(crate) fn empty(title: &str, next: &Markup) -> Markup {
    html! { div.empty { h2 { (title) } p { (next) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        let shown = [0, 7, 999, 1_000, 12_345, 1_234_567, -4_000].map(|it: i64| count(it));
        let shown = shown.map(|text| text.replace('\u{202f}', " "));
        assert_eq!(shown, ["0", "7", "999", "1 000", "12 345", "1 234 567", "−4 000"]);
        assert_eq!(number_of(1, "change", "changes"), "1 change");
        assert_eq!(number_of(0, "change", "changes"), "0 changes");
    }

    #[test]
    fn lengths_of_time_have_one_unit() {
        let seconds = [0, 1, 119, 120, 7_199, 7_200, 172_800];
        let shown = seconds.map(|it| length(Duration::from_secs(it)));
        assert_eq!(shown, ["0 ms", "1 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
        let shown = [2.44, 180.4, 1_234.0, 61_000.0].map(millis);
        assert_eq!(shown, ["2.4 ms", "180 ms", "1.2 s", "61 s"]);
    }
}
