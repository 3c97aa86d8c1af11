//! Numbers as people read them.

/// The text for what is not a number.
pub(super) const NONE: &str = "–";

/// To about three figures: `12,345`, `67.2`, `0.62`.
pub(super) fn figure(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        0.1.. => 3,
        0.01.. => 4,
        0.0 => 0,
        _ => 6,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// A number as somebody wrote it down: `5,000`, `0.6`.
pub(super) fn exact(value: f64) -> String {
    if value.is_finite() { grouped(&value.to_string()) } else { NONE.to_owned() }
}

/// A ratio, always with two decimals so that they stand under each other.
pub(super) fn ratio(value: f64) -> String {
    if value.is_finite() { grouped(&format!("{value:.2}")) } else { NONE.to_owned() }
}

/// On an axis: `0`, `0.5`, `20`, `5k`, `1.2M`.
pub(super) fn compact(value: f64) -> String {
    let (divisor, letter) = match value.abs() {
        1e9.. => (1e9, "G"),
        1e6.. => (1e6, "M"),
        1e3.. => (1e3, "k"),
        _ => (1.0, ""),
    };
    // Rounded away is what no computer can write down exactly.
    let scaled = format!("{:.6}", value / divisor);
    format!("{}{letter}", scaled.trim_end_matches('0').trim_end_matches('.'))
}

/// A latency from µs: `250 µs`, `1.25 ms`, `2 s`; no line breaks within it.
pub(super) fn latency(micros: f64) -> String {
    match micros {
        1e6.. => format!("{}\u{a0}s", brief(micros / 1e6)),
        1e3.. => format!("{}\u{a0}ms", brief(micros / 1e3)),
        0.0.. => format!("{}\u{a0}µs", brief(micros)),
        _ => NONE.to_owned(),
    }
}

/// To three figures and no zeros at the end.
pub(super) fn brief(value: f64) -> String {
    let figure = figure(value);
    if figure.contains('.') {
        figure.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        figure
    }
}

/// A number with a comma between thousands.
fn grouped(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, decimals) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + decimals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_about_three_digits_and_commas_between_thousands() {
        for (value, told) in [
            (1_234_567.8, "1,234,568"),
            (1_000.0, "1,000"),
            (123.4, "123"),
            (67.24, "67.2"),
            (6.724, "6.72"),
            (0.6249, "0.625"),
            (0.07, "0.0700"),
            (0.000_25, "0.000250"),
            (0.0, "0"),
            (-4_321.0, "-4,321"),
            (f64::NAN, NONE),
            (f64::INFINITY, NONE),
        ] {
            assert_eq!(figure(value), told);
        }
    }

    #[test]
    fn a_target_stands_as_it_was_written_down() {
        assert_eq!([5_000.0, 0.6, 1.5, 150.0].map(exact), ["5,000", "0.6", "1.5", "150"]);
    }

    #[test]
    fn an_axis_has_no_room_for_zeros() {
        let told = [0.0, 0.1 + 0.2, 20.0, 2_500.0, 10_000.0, 1.2e6, 3e9].map(compact);
        assert_eq!(told, ["0", "0.3", "20", "2.5k", "10k", "1.2M", "3G"]);
    }

    #[test]
    fn a_latency_is_told_in_the_unit_that_fits() {
        let told = [0.0, 250.0, 1_000.0, 1_250.0, 999_000.0, 2e6, f64::NAN].map(latency);
        let told = told.map(|told| told.replace('\u{a0}', " "));
        assert_eq!(told, ["0 µs", "250 µs", "1 ms", "1.25 ms", "999 ms", "2 s", NONE]);
    }
}
