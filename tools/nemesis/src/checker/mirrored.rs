//! The rules that hold for posts and comments once the store and its remote have nothing more to tell
//! each other.

use std::collections::BTreeMap;

use sample_sources::remote::Kind;
use serde_json::Value;

use crate::sources::written::{Agreed, Outcome, Record, Wish, Written};
use crate::violation::{Rule, Violation};

/// A record as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The record.
    pub record: Agreed,
    /// The contents, as the remote would have them: with the id of a comment's post there.
    pub contents: Value,
}

/// A record as the remote has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct There {
    /// Which kind.
    pub kind: Kind,
    /// The id.
    pub id: u64,
    /// The contents.
    pub contents: Value,
}

/// A create or update that the remote got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The title.
    pub title: String,
    /// Set if a record was created by it.
    pub has_created: bool,
}

/// What is known of posts and comments.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What was asked for.
    pub written: &'a Written,
    /// What the store has.
    pub here: &'a [Here],
    /// What the remote has.
    pub there: &'a [There],
    /// What the remote got, ever.
    pub sent: &'a [Sent],
}

/// Everything about posts and comments that must not be.
#[must_use]
pub fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let of = |rule| move |why| Violation::of_all(rule, why);
    let mut found = differences(evidence).into_iter().map(of(Rule::Mirrored)).collect::<Vec<_>>();
    found.extend(overturned(evidence).into_iter().map(of(Rule::Stands)));
    found.extend(sent_otherwise(evidence).into_iter().map(of(Rule::SentOnce)));
    found
}

fn differences(evidence: &Evidence<'_>) -> Vec<String> {
    let there = evidence.there.iter().map(|it| ((it.kind, it.id), it)).collect::<BTreeMap<_, _>>();
    let mut left = there.clone();
    let mut found = vec![];
    for here in evidence.here {
        let key = here.record.remote_id.map(|id| (here.record.kind, id));
        match key.and_then(|key| left.remove(&key)) {
            None => found.push(format!("the remote does not have {here:?}")),
            Some(there) if there.contents != here.contents => {
                found.push(format!("here {here:?}, and there {there:?}"));
            }
            Some(_) => {}
        }
    }
    // One that was sent after others had removed its post stays there, and each load refuses it.
    let is_orphan = |comment: &There| {
        let post = comment.contents["postId"].as_u64().filter(|_| comment.kind == Kind::Comments);
        post.is_some_and(|post| {
            !there.contains_key(&(Kind::Posts, post))
                && evidence.written.removed_posts.contains(&post)
        })
    };
    let only_there = left.into_values().filter(|there| !is_orphan(there));
    found.extend(only_there.map(|there| format!("the store does not have {there:?}")));
    found
}

fn overturned(evidence: &Evidence<'_>) -> Vec<String> {
    let Evidence { written, here, .. } = evidence;
    let mut found = vec![];
    let mut titles = BTreeMap::<usize, &str>::new();
    for Here { record, .. } in *here {
        match written.place_of(record) {
            Some(place) => _ = titles.insert(place, &record.title),
            None => found.push(format!("nobody has written {record:?}")),
        }
    }
    for (place, record) in written.records.iter().enumerate() {
        let post = record.post.map(|post| &written.records[post]);
        let title = titles.get(&place).copied();
        if !is_permitted(record, post, title) {
            found.push(format!("it is {title:?} here: {record:?}, of the post {post:?}"));
        }
        let is_refused = record.here.iter().any(|(_, outcome)| *outcome == Outcome::Refused);
        if is_refused && ![Some(record), post].into_iter().flatten().any(is_removed_there) {
            found.push(format!("refused, and nobody has removed it: {record:?}"));
        }
    }
    found
}

/// Whether a record may have this title here, or be gone.
fn is_permitted(record: &Record, post: Option<&Record>, title: Option<&str>) -> bool {
    let with_post =
        title.is_none() && post.is_some_and(|post| is_removed_there(post) || is_removed_here(post));
    let is_it = |wish: &Wish| match wish {
        Wish::Title(wanted) => title == Some(wanted),
        Wish::Removal => title.is_none(),
    };
    let of = |wanted| record.here.iter().rfind(|(_, outcome)| *outcome == wanted).map(|it| &it.0);
    let (done, open, there) = (of(Outcome::Done), of(Outcome::Open), record.there.last());
    let stays = match (done, there) {
        // What was removed here stays removed.
        (Some(Wish::Removal), _) => title.is_none(),
        (Some(done), there) => is_it(done) || there.is_some_and(is_it),
        (None, Some(there)) => is_it(there),
        (None, None) => title == record.agreed.as_deref(),
    };
    stays || with_post || open.is_some_and(is_it)
}

fn is_removed_there(record: &Record) -> bool {
    record.there.contains(&Wish::Removal)
}

fn is_removed_here(record: &Record) -> bool {
    let is_removal =
        |(wish, outcome): &(Wish, Outcome)| *wish == Wish::Removal && *outcome != Outcome::Refused;
    record.here.iter().any(is_removal)
}

fn sent_otherwise(evidence: &Evidence<'_>) -> Vec<String> {
    let Evidence { written, sent, .. } = evidence;
    let titles = written.records.iter().enumerate();
    let titles = titles.flat_map(|(place, it)| it.given.iter().map(move |title| (title, place)));
    let titles = titles.collect::<BTreeMap<_, _>>();
    let (mut found, mut creates) = (vec![], BTreeMap::<usize, Vec<&str>>::new());
    for Sent { title, has_created } in *sent {
        match titles.get(title) {
            None => found.push(format!("nobody here has written {title:?}, and it was sent")),
            Some(place) if *has_created => creates.entry(*place).or_default().push(title),
            Some(_) => {}
        }
    }
    for (place, titles) in creates {
        let record = &written.records[place];
        let with_post = record.post.map_or(0, |post| written.records[post].removals_there);
        // It is created anew where it was removed there, and changed here.
        let most = usize::from(record.is_ours) + record.removals_there + with_post;
        if titles.len() > most {
            found.push(format!("created {} times, as {titles:?}: {record:?}", titles.len()));
        }
    }
    found
}
