use super::*;

fn entry(seq: i64, bytes: usize) -> Entry {
    let mut entry = Entry::sample("tree", "7", &"x".repeat(bytes));
    entry.position = Position { xid: 1, seq };
    entry
}

fn batch(seqs: std::ops::RangeInclusive<i64>, bytes: usize) -> Batch {
    let end = Position { xid: 1, seq: *seqs.end() };
    Batch::new(seqs.map(|seq| entry(seq, bytes)).collect(), end)
}

fn tail() -> Tail {
    Tail::new(Uuid::from_u128(1), Position { xid: 1, seq: 10 })
}

fn found(tail: &Tail, seq: i64) -> String {
    match tail.after(Position { xid: 1, seq }, Position { xid: 2, seq: 0 }) {
        Kept::OtherLog => "another log".into(),
        Kept::NotYet => "not yet".into(),
        Kept::Batch(batch) => format!("up to {}", batch.end.seq),
        Kept::Nothing(position) => format!("nothing up to {position:?}"),
        Kept::InTheLog => "in the log".into(),
    }
}

#[test]
fn a_position_leads_to_the_batch_that_follows_it() {
    let mut tail = tail();
    tail.add(batch(11..=13, 1));
    tail.add(batch(14..=14, 1));
    let nothing = format!("nothing up to {:?}", Position { xid: 2, seq: 0 });
    for (seq, expected) in [
        (9, "in the log"),
        (10, "up to 13"),
        (11, "up to 13"),
        (13, "up to 14"),
        (14, nothing.as_str()),
        (99, nothing.as_str()),
    ] {
        assert_eq!(found(&tail, seq), expected, "{seq}");
    }
}

#[test]
fn what_is_read_at_once_is_kept_in_batches_up_to_its_end() {
    let end = Position { xid: 3, seq: 0 };
    let ends = |count: i64| {
        let batches = batches((1..=count).map(|seq| entry(seq, 1)).collect(), end);
        batches.map(|batch| (batch.entries.len(), batch.end)).collect::<Vec<_>>()
    };
    let full = |seq| (BATCH, Position { xid: 1, seq });
    assert_eq!(ends(0), []);
    assert_eq!(ends(200), [(BATCH, end)]);
    assert_eq!(ends(450), [full(200), full(400), (50, end)]);
}

#[test]
fn no_more_is_kept_than_the_limit_and_what_is_not_is_in_the_log() {
    let mut tail = tail();
    for number in 0..20 {
        let first = 11 + number * 2;
        tail.add(batch(first..=first + 1, MAX_BYTES / 60));
        assert!(tail.bytes <= MAX_BYTES);
    }
    assert_eq!(found(&tail, 10), "in the log");
    let oldest = tail.batches.front().unwrap().end.seq;
    assert_eq!(tail.start.seq, oldest - 2);
    assert_eq!(found(&tail, oldest - 2), format!("up to {oldest}"));
    tail.add(batch(60..=60, MAX_BYTES + 1));
    assert!(tail.batches.is_empty(), "one that is too large by itself is not kept either");
    assert_eq!(found(&tail, 51), "in the log");
}

#[test]
fn the_text_of_a_batch_is_made_once_for_each_of_a_few_choices() {
    let batch = batch(1..=2, 1);
    let mut made = 0;
    for _ in 0..3 {
        for digest in 0..6 {
            let text = batch.text(digest, || {
                made += 1;
                Ok::<_, ()>(Bytes::from(digest.to_string()))
            });
            assert_eq!(text.unwrap(), digest.to_string());
        }
    }
    assert_eq!(made, MAX_TEXTS + 3 * (6 - MAX_TEXTS));
}
