//! Pages: where they begin, how they follow each other, and what is refused.

use serde_json::json;
use test_kit::{NOTES, PINGS, write_notes};

use super::{after, changes, next, now, read, side};

const ALL: &str = "/v1/changes";
const NOTE_FEED: &str = "/v1/notes/changes";

#[tokio::test]
async fn without_a_cursor_it_begins_now_and_from_the_start_with_the_oldest() {
    let side = side().await;
    NOTES.write(&side.database, &["a"]).await;
    read(&side, NOTE_FEED, "start", 1).await;
    let page = side.client.get(NOTE_FEED).await.with(200);
    assert_eq!((&page["changes"], &page["more"]), (&json!([]), &json!(false)));
    NOTES.write(&side.database, &["b", "a"]).await;
    let expected = [("a".to_owned(), 2), ("b".to_owned(), 1)];
    let mut later = changes(&read(&side, NOTE_FEED, &next(&page), 2).await.body);
    later.sort();
    assert_eq!(later, expected);
    let all = read(&side, NOTE_FEED, "start", 3).await;
    assert_eq!(changes(&all.body)[0], ("a".to_owned(), 1));
    let after_all = side.client.get(&after(NOTE_FEED, &next(&all))).await.with(200);
    assert_eq!(after_all["changes"], json!([]));
}

#[tokio::test]
async fn a_change_is_shown_with_its_event() {
    let side = side().await;
    NOTES.write(&side.database, &["a"]).await;
    let page = read(&side, ALL, "start", 1).await;
    let change = &page["changes"][0];
    let parts = ["resource", "key", "kind", "origin", "version", "principal"];
    let expected = json!(["note", "a", "note.written", "store", 1, null]);
    assert_eq!(json!(parts.map(|part| &change[part])), expected);
    assert_eq!(change["event"]["kind"], "note.written");
    assert_eq!(change["at"], change["event"]["at"]);
    let cursor = change["cursor"].as_str().unwrap();
    let rest = side.client.get(&after(ALL, cursor)).await.with(200);
    assert_eq!(rest["changes"], json!([]), "after the only change");
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let side = side().await;
    let keys = write_notes(&side.database, 25).await;
    read(&side, NOTE_FEED, "start", 25).await;
    for limit in [1, 7, 25] {
        let (mut cursor, mut found, mut pages) = ("start".to_owned(), vec![], 0);
        loop {
            let path = after(&format!("{NOTE_FEED}?limit={limit}"), &cursor);
            let page = side.client.get(&path).await.with(200);
            assert!(page["changes"].as_array().unwrap().len() <= limit);
            found.extend(changes(&page.body).into_iter().map(|(key, _)| key));
            (cursor, pages) = (next(&page), pages + 1);
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(found, keys, "{limit}");
        assert!(pages <= 25 / limit + 1, "{pages} pages of {limit}");
    }
}

#[tokio::test]
async fn a_feed_has_only_the_changes_that_were_chosen() {
    let side = side().await;
    NOTES.write(&side.database, &["7", "8"]).await;
    PINGS.write(&side.database, &["7"]).await;
    NOTES.write(&side.database, &["7"]).await;
    read(&side, ALL, "start", 4).await;
    let text = "as%20long%20as%20an%20order%20".repeat(30);
    for (feed, expected) in [
        ("/v1/pings/changes".to_owned(), vec!["7"]),
        (NOTE_FEED.to_owned(), vec!["7", "8", "7"]),
        (format!("{ALL}?resource=ping"), vec!["7"]),
        (format!("{ALL}?resource=note&key=7"), vec!["7", "7"]),
        (format!("{NOTE_FEED}?key=8"), vec!["8"]),
        (format!("{ALL}?kind=note.written&origin=store"), vec!["7", "8", "7"]),
        (format!("{ALL}?origin=warehouse"), vec![]),
        (format!("{NOTE_FEED}?kind=note.offered"), vec![]),
        (format!("{NOTE_FEED}?text=short"), vec![]),
        (format!("{NOTE_FEED}?text={text}&key=8"), vec!["8"]),
    ] {
        let page = read(&side, &feed, "start", expected.len()).await;
        let keys = changes(&page.body).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys, expected, "{feed}");
        assert_eq!(page["more"], false);
    }
}

#[tokio::test]
async fn a_few_of_many_are_found_in_bounded_pages() {
    let side = side().await;
    let many = (0..12_000).map(|number| format!("n-{number:05}")).collect::<Vec<_>>();
    NOTES.write(&side.database, &many).await;
    NOTES.write(&side.database, &["rare"]).await;
    read(&side, ALL, "start", 100).await;
    let rare = format!("{NOTE_FEED}?key=rare");
    let first = side.client.get(&after(&rare, "start")).await.with(200);
    let none_yet = (json!([]), json!(true));
    assert_eq!((first["changes"].clone(), first["more"].clone()), none_yet, "10,000 are looked at");
    let second = read(&side, &rare, &next(&first), 1).await;
    assert_eq!(changes(&second.body), [("rare".to_owned(), 1)]);
    assert_eq!(second["more"], false);
}

#[tokio::test]
async fn a_page_costs_as_much_in_a_long_log() {
    let side = side().await;
    NOTES.write(&side.database, &["first"]).await;
    let fill = "
        insert into changes
            (xid, event_id, resource, key, kind, origin, version, at, body, to_publish)
        select number / 1000, gen_random_uuid(), 'note', 'n-' || number, 'note.written', 'store', 1, now(),
            '{}', false
        from generate_series(1, 300000) as number";
    side.database.run(fill).await;
    let first = read(&side, ALL, "start", 1).await;
    let began = std::time::Instant::now();
    let mut cursor = next(&first);
    for path in [ALL, NOTE_FEED].into_iter().cycle().take(20) {
        if path == ALL {
            cursor = next(&side.client.get(&after(ALL, &cursor)).await.with(200));
        } else {
            side.client.get(&format!("{NOTE_FEED}?cursor=start&text=none")).await.with(200);
        }
    }
    assert!(began.elapsed() < 4 * test_kit::AT_ONCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_reason() {
    let side = side().await;
    for (query, reason) in [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?wait=61", "wait"),
        ("?wait=-1", "wait"),
        ("?wait=1&wait=2", "twice"),
        ("?resource=note", "one resource already"),
        ("?origin=nobody", "store or warehouse"),
        ("?kind=ping.written", "note, a dot"),
        ("?key=A%20B", "a key of a record of note"),
        ("?status=placed", "\"status\" is not a parameter"),
        ("?cursor=", "cannot be parsed"),
        ("?cursor=%00", "cannot be parsed"),
    ] {
        let refused = side.client.get(&format!("{NOTE_FEED}{query}")).await;
        refused.assert_problem(400);
        assert!(refused["detail"].as_str().unwrap().contains(reason), "{query}: {}", refused.text);
    }
    for (query, reason) in [("?resource=tree", "one of note, ping"), ("?key=7", "name it, too")] {
        let refused = side.client.get(&format!("{ALL}{query}")).await;
        refused.assert_problem(400);
        assert!(refused["detail"].as_str().unwrap().contains(reason), "{query}: {}", refused.text);
    }
    side.client.post(NOTE_FEED, &json!({})).await.assert_problem(405);
}

#[tokio::test]
async fn a_cursor_of_another_feed_is_refused() {
    let side = side().await;
    let cursor = now(&side, NOTE_FEED).await;
    for other in [
        ALL.to_owned(),
        "/v1/pings/changes".to_owned(),
        format!("{NOTE_FEED}?key=7"),
        format!("{NOTE_FEED}?text=a"),
    ] {
        let refused = side.client.get(&after(&other, &cursor)).await;
        refused.assert_problem(400);
        assert!(refused["detail"].as_str().unwrap().contains("another feed"), "{}", refused.text);
    }
    side.client.get(&after(&format!("{ALL}?resource=note"), &cursor)).await.with(200);
}

#[tokio::test]
async fn a_cursor_from_before_what_is_kept_or_of_another_log_is_gone() {
    let side = side().await;
    let first = now(&side, NOTE_FEED).await;
    NOTES.write(&side.database, &["a", "b"]).await;
    let page = read(&side, NOTE_FEED, &first, 2).await;
    let trim = "update log_state set (trimmed_xid, trimmed_seq) = (select xid, seq from changes
        order by xid desc, seq desc limit 1)";
    side.database.run(trim).await;
    for headers in ["application/json", "text/event-stream"] {
        let request = side.client.request(
            actix_web::http::Method::GET.as_str().parse().unwrap(),
            &after(NOTE_FEED, &first),
        );
        let gone = side.client.send(request.header("accept", headers)).await;
        gone.assert_problem(410);
        let detail = gone["detail"].as_str().unwrap();
        assert!(detail.contains("no longer kept") && detail.contains("cursor=start"), "{detail}");
    }
    let newest = next(&page);
    side.client.get(&after(NOTE_FEED, &newest)).await.with(200);
    // Who begins at the start reads through what is trimmed, in pages too.
    let start = side.client.get(&format!("{NOTE_FEED}?cursor=start&limit=1")).await.with(200);
    assert_eq!(start["more"], true);
    let rest = side.client.get(&after(NOTE_FEED, &next(&start))).await.with(200);
    assert_eq!(changes(&rest.body), [("b".to_owned(), 1)]);
    side.database.run("update log_state set incarnation = gen_random_uuid()").await;
    let gone = side.client.get(&after(NOTE_FEED, &newest)).await;
    gone.assert_problem(410);
    assert!(gone["detail"].as_str().unwrap().contains("another database"), "{}", gone.text);
}

#[tokio::test]
async fn a_cursor_after_what_was_deleted_as_old_goes_on() {
    let side = side().await;
    NOTES.write(&side.database, &["a", "b"]).await;
    read(&side, NOTE_FEED, "start", 2).await;
    // The newest change was an offer, or the removal of a record that is purged.
    let purge = "update log_state set (trimmed_xid, trimmed_seq) = (select xid, seq from changes
            order by xid desc, seq desc limit 1);
        delete from changes where key = 'b'";
    side.database.run(purge).await;
    let cursors =
        [next(&side.client.get(&after(NOTE_FEED, "start")).await), now(&side, NOTE_FEED).await];
    NOTES.write(&side.database, &["c"]).await;
    for cursor in cursors {
        assert_eq!(changes(&read(&side, NOTE_FEED, &cursor, 1).await.body), [("c".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn a_cursor_of_a_change_that_was_lost_is_gone() {
    let side = side().await;
    NOTES.write(&side.database, &["a", "b"]).await;
    let newest = next(&read(&side, NOTE_FEED, "start", 2).await);
    side.database.run("delete from changes where key = 'b'").await;
    side.client.get(&after(NOTE_FEED, &newest)).await.assert_problem(410);
}
