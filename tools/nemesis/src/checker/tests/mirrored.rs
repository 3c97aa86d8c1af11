//! Posts and comments that are not as they were written, or not the same at both sides.

use sample_sources::remote::Kind;
use serde_json::json;

use super::*;
use crate::checker::mirrored::{self, Evidence, Here, Sent, There};
use crate::sources::written::{Agreed, Outcome, Record, Wish, Written};

/// What was written, and what came of it.
#[derive(Default)]
struct Story {
    written: Written,
    here: Vec<Here>,
    there: Vec<There>,
    sent: Vec<Sent>,
}

impl Story {
    /// A post that both sides had, a comment on it that others have made since, a post that was created here
    /// since and another one, which others may remove.
    fn good() -> Self {
        let mut story = Self::default();
        story.written.add(Record {
            id: Some(1),
            remote_id: Some(11),
            agreed: Some("old".to_owned()),
            ..Record::new(Kind::Posts)
        });
        story.written.add(Record {
            remote_id: Some(21),
            post: Some(0),
            there: vec![Wish::Title("there-1".to_owned())],
            ..Record::new(Kind::Comments)
        });
        story.written.add(Record { id: Some(3), is_ours: true, ..Record::new(Kind::Posts) });
        story.written.add(Record {
            id: Some(4),
            remote_id: Some(14),
            is_theirs: true,
            agreed: Some("theirs".to_owned()),
            ..Record::new(Kind::Posts)
        });
        story.write(0, Wish::Title("here-1".to_owned()), Outcome::Done);
        story.write(2, Wish::Title("here-2".to_owned()), Outcome::Done);
        story.both(Kind::Posts, 1, 11, "here-1");
        story.both(Kind::Comments, 2, 21, "there-1");
        story.both(Kind::Posts, 3, 13, "here-2");
        story.both(Kind::Posts, 4, 14, "theirs");
        story.sends("here-1", false);
        story.sends("here-2", true);
        story
    }

    fn write(&mut self, place: usize, wish: Wish, outcome: Outcome) {
        self.written.begin(place, wish);
        self.written.end(place, outcome);
    }

    fn both(&mut self, kind: Kind, id: i64, remote_id: u64, title: &str) {
        let contents = match kind {
            Kind::Posts => json!({"title": title}),
            Kind::Comments => json!({"name": title, "postId": 11}),
        };
        let title = title.to_owned();
        let record = Agreed { kind, id, remote_id: Some(remote_id), title };
        self.here.push(Here { record, contents: contents.clone() });
        self.there.push(There { kind, id: remote_id, contents });
    }

    fn sends(&mut self, title: &str, has_created: bool) {
        self.sent.push(Sent { title: title.to_owned(), has_created });
    }

    /// Both sides have a record no more.
    fn vanish(&mut self, index: usize) {
        self.here.remove(index);
        self.there.remove(index);
    }

    /// Both sides have another title.
    fn becomes(&mut self, index: usize, title: &str) {
        title.clone_into(&mut self.here[index].record.title);
        for contents in [&mut self.here[index].contents, &mut self.there[index].contents] {
            let name = if contents["name"].is_null() { "title" } else { "name" };
            contents[name] = title.into();
        }
    }

    fn broken(&self) -> Vec<Rule> {
        let Self { written, here, there, sent } = self;
        let mut rules = mirrored::check(&Evidence { written, here, there, sent })
            .into_iter()
            .map(|violation| violation.rule)
            .collect::<Vec<_>>();
        rules.dedup();
        rules
    }
}

#[test]
fn what_was_written_here_and_there_stands_at_both_sides() {
    assert_eq!(Story::good().broken(), []);
}

#[test]
fn a_record_that_only_one_side_has_or_that_differs_is_noticed() {
    let mut story = Story::good();
    story.there.remove(3);
    assert_eq!(story.broken(), [Rule::Mirrored]);
    let mut story = Story::good();
    story.there.push(There { kind: Kind::Posts, id: 99, contents: json!({}) });
    assert_eq!(story.broken(), [Rule::Mirrored]);
    let mut story = Story::good();
    story.there[1].contents["postId"] = 12.into();
    assert_eq!(story.broken(), [Rule::Mirrored]);
    let mut story = Story::good();
    story.here[2].record.remote_id = None;
    assert_eq!(story.broken(), [Rule::Mirrored]);
}

#[test]
fn a_comment_stays_at_the_remote_only_where_others_have_removed_its_post() {
    let mut story = Story::good();
    let contents = json!({"name": "here-9", "postId": 12});
    story.there.push(There { kind: Kind::Comments, id: 29, contents });
    assert_eq!(story.broken(), [Rule::Mirrored]);
    story.written.removed_posts.insert(12);
    assert_eq!(story.broken(), []);
}

#[test]
fn a_write_that_is_gone_or_came_from_nobody_is_noticed() {
    // As if a load had brought the old title.
    let mut story = Story::good();
    story.becomes(0, "old");
    assert_eq!(story.broken(), [Rule::Stands]);
    // A change of others that never came, nor an edit here that could have overtaken it.
    let mut story = Story::good();
    story.becomes(1, "there-0");
    assert_eq!(story.broken(), [Rule::Stands]);
    // An acknowledged creation.
    let mut story = Story::good();
    story.vanish(2);
    assert_eq!(story.broken(), [Rule::Stands]);
    // A record that nobody has written.
    let mut story = Story::good();
    story.both(Kind::Posts, 9, 19, "here-9");
    assert_eq!(story.broken(), [Rule::Stands]);
    // A refusal for no reason.
    let mut story = Story::good();
    story.write(3, Wish::Title("here-3".to_owned()), Outcome::Refused);
    assert_eq!(story.broken(), [Rule::Stands]);
}

#[test]
fn what_was_removed_here_stays_removed() {
    let mut story = Story::good();
    story.write(0, Wish::Removal, Outcome::Done);
    story.written.changed_there(0, Wish::Title("there-2".to_owned()));
    assert_eq!(story.broken(), [Rule::Stands]);
    story.becomes(0, "there-2");
    assert_eq!(story.broken(), [Rule::Stands]);
    story.vanish(0);
    // And its comment, too.
    story.vanish(0);
    assert_eq!(story.broken(), []);
}

#[test]
fn of_two_edits_one_stands_and_of_an_open_one_either() {
    for title in ["here-1", "there-2"] {
        let mut story = Story::good();
        story.written.changed_there(0, Wish::Title("there-2".to_owned()));
        story.becomes(0, title);
        assert_eq!(story.broken(), [], "{title}");
    }
    for title in ["here-1", "here-3"] {
        let mut story = Story::good();
        story.write(0, Wish::Title("here-3".to_owned()), Outcome::Open);
        story.becomes(0, title);
        assert_eq!(story.broken(), [], "{title}");
    }
    let mut story = Story::good();
    story.written.changed_there(3, Wish::Removal);
    assert_eq!(story.broken(), [Rule::Stands]);
    story.vanish(3);
    assert_eq!(story.broken(), []);
}

#[test]
fn a_record_that_is_created_twice_or_sent_back_is_noticed() {
    let mut story = Story::good();
    story.sends("here-2", true);
    assert_eq!(story.broken(), [Rule::SentOnce]);
    // Under another title.
    let mut story = Story::good();
    story.write(2, Wish::Title("here-3".to_owned()), Outcome::Done);
    story.becomes(2, "here-3");
    story.sends("here-3", true);
    assert_eq!(story.broken(), [Rule::SentOnce]);
    // It was removed there, and edited here.
    let mut story = Story::good();
    story.written.changed_there(3, Wish::Removal);
    story.write(3, Wish::Title("here-3".to_owned()), Outcome::Done);
    story.becomes(3, "here-3");
    story.sends("here-3", true);
    assert_eq!(story.broken(), []);
    // What a load has brought.
    let mut story = Story::good();
    story.sends("there-1", false);
    assert_eq!(story.broken(), [Rule::SentOnce]);
}

#[test]
fn when_both_have_the_same_a_creation_of_which_nobody_knew_is_found_by_its_title() {
    let mut story = Story::good();
    story.written.records[2].id = None;
    story.written.records[2].here[0].1 = Outcome::Open;
    assert_eq!(story.broken(), []);
    let all = story.here.iter().map(|here| here.record.clone()).collect::<Vec<_>>();
    story.written.agree(&all);
    let found = &story.written.records[2];
    assert_eq!(
        (found.id, found.remote_id, found.agreed.as_deref()),
        (Some(3), Some(13), Some("here-2"))
    );
    assert_eq!(story.broken(), []);
    assert_eq!(story.written.open_here(Kind::Posts), [0, 2, 3]);
    assert_eq!(story.written.to_comment(), [0, 2]);
    story.written.changed_there(3, Wish::Removal);
    assert_eq!(story.written.open_there(Kind::Posts), [0, 2]);
}
