//! The records that a new remote has: always the same ones. Pure.

use serde_json::json;

use super::records::{Kind, Record, Records};

/// The number of comments on each post, and of posts of each user, as JSONPlaceholder has them.
const COMMENTS: u64 = 5;
const POSTS_OF_A_USER: u64 = 10;

/// Returns `posts` posts with five comments each.
pub(super) fn seed(posts: u64) -> Records {
    let mut records = Records::default();
    for post in 1..=posts {
        records.store(Kind::Posts, post, self::post(post));
        for number in 1..=COMMENTS {
            let id = (post - 1) * COMMENTS + number;
            records.store(Kind::Comments, id, comment(post, number, id));
        }
    }
    records
}

fn post(id: u64) -> Record {
    let user = (id - 1) / POSTS_OF_A_USER + 1;
    Record::from_iter([
        ("userId".to_owned(), json!(user)),
        ("title".to_owned(), json!(format!("post {id}"))),
        ("body".to_owned(), json!(format!("The text of post {id},\nin two lines."))),
    ])
}

fn comment(post: u64, number: u64, id: u64) -> Record {
    Record::from_iter([
        ("postId".to_owned(), json!(post)),
        ("name".to_owned(), json!(format!("comment {number} on post {post}"))),
        ("email".to_owned(), json!(format!("reader{id}@example.com"))),
        ("body".to_owned(), json!(format!("The text of comment {id},\nin two lines."))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_posts_are_as_many_as_jsonplaceholder_has() {
        let records = seed(100);
        assert_eq!((records.next(Kind::Posts), records.next(Kind::Comments)), (101, 501));
        assert_eq!(records.get(Kind::Posts, 100).unwrap()["userId"], 10);
        let comment = records.get(Kind::Comments, 500).unwrap();
        assert_eq!((&comment["postId"], &comment["id"]), (&json!(100), &json!(500)));
        assert!(seed(3).changes().eq(seed(3).changes()));
    }
}
