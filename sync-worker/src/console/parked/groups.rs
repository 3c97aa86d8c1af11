//! Parked changes in groups: those that failed alike stand together. Pure.

use std::collections::BTreeMap;

use crate::parked::ParkedAtSide;

/// Parked changes with like reasons, at one side.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The reason, with what differs from change to change left out.
    pub(super) reason: String,
    /// The changes, the newest first.
    pub(super) items: Vec<ParkedAtSide>,
}

/// Returns the groups, the largest first.
pub(super) fn groups(items: Vec<ParkedAtSide>) -> Vec<Group> {
    let mut by_reason = BTreeMap::<_, Vec<_>>::new();
    for item in items {
        by_reason.entry((alike(&item.change.reason), item.side)).or_default().push(item);
    }
    let groups = by_reason.into_iter().map(|((reason, _), items)| Group { reason, items });
    let mut groups = groups.collect::<Vec<_>>();
    groups.sort_by_key(|group| std::cmp::Reverse(group.items.len()));
    groups
}

/// Returns a reason without its ids and numbers: two failures that differ only in these are alike.
fn alike(reason: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    let mut alike = String::new();
    let mut rest = reason;
    while let Some(first) = rest.chars().next() {
        let end = match is_part(first) {
            true => rest.find(|it| !is_part(it)).unwrap_or(rest.len()),
            false => rest.find(is_part).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
        alike.push_str(if has_digit { "…" } else { word });
        rest = after;
    }
    alike
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn reasons_that_differ_in_ids_and_numbers_are_alike() {
        let one = "it answered 422: order 018f6b6e-2f0c-7cc0-8000-000000000001, line 3: is 0";
        let other = "it answered 400: order 018f6b6e-2f0c-7cc0-8000-0000000000ff, line 12: is 0";
        assert_eq!(alike(one), "it answered …: order …, line …: is …");
        assert_eq!(alike(one), alike(other));
        assert_ne!(alike("the store creates orders"), alike("the store voids orders"));
        assert_eq!(alike(""), "");
        assert_eq!(alike("größer—als"), "größer—als");
    }
}
