//! Every order in which RabbitMQ may answer, and in which lapin hands it on.

use std::collections::BTreeMap;

use super::*;

/// RabbitMQ's treatment of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Taken,
    Returned,
    Refused,
    ReturnedAndRefused,
}

use Fate::{Refused, Returned, ReturnedAndRefused, Taken};

impl Fate {
    fn comes_back(self) -> bool {
        matches!(self, Returned | ReturnedAndRefused)
    }
}

/// A channel somewhere between RabbitMQ and the relay.
#[derive(Clone)]
struct World {
    /// The batch, the place in it and the fate of each message.
    messages: Vec<(usize, usize, Fate)>,
    /// The messages that were returned, and those confirmed, on the wire.
    returned: Vec<bool>,
    confirmed: Vec<bool>,
    /// lapin's queue of returns, and the confirms that nobody has looked at.
    waiting: VecDeque<Uuid>,
    completed: Vec<(usize, usize, MessageAnswer)>,
    answers: Answers,
    decided: usize,
    sent: BTreeMap<usize, BatchOutcome>,
}

fn id(message: usize) -> Uuid {
    Uuid::from_u128(1 + message as u128)
}

impl World {
    fn new(sizes: &[usize], fates: &[Fate]) -> Self {
        let places = sizes.iter().enumerate();
        let places = places.flat_map(|(batch, size)| (0..*size).map(move |place| (batch, place)));
        let messages = places.zip(fates).map(|((batch, place), fate)| (batch, place, *fate));
        let messages = messages.collect::<Vec<_>>();
        let (mut answers, mut next) = (Answers::default(), 0);
        for size in sizes {
            let these = next..next + size;
            answers.published(these.map(|it| Message { seq: it as i64, id: id(it) }));
            next += size;
        }
        Self {
            returned: vec![false; messages.len()],
            confirmed: vec![false; messages.len()],
            messages,
            waiting: VecDeque::new(),
            completed: vec![],
            answers,
            decided: 0,
            sent: BTreeMap::new(),
        }
    }

    /// A return arrives; a message is returned before it is confirmed.
    fn give_back(&mut self, message: usize) -> bool {
        let fate = self.messages[message].2;
        let may = fate.comes_back() && !self.returned[message] && !self.confirmed[message];
        if may {
            self.returned[message] = true;
            self.waiting.push_back(id(message));
        }
        may
    }

    /// A confirm arrives, and takes one return along, as in lapin.
    fn confirm(&mut self, message: usize) -> bool {
        let (batch, place, fate) = self.messages[message];
        let may = !self.confirmed[message] && (self.returned[message] || !fate.comes_back());
        if may {
            self.confirmed[message] = true;
            let taken = matches!(fate, Taken | Returned);
            let answer = MessageAnswer { taken, returned: self.waiting.pop_front() };
            self.completed.push((batch, place, answer));
        }
        may
    }

    fn look(&mut self) {
        for (batch, place, answer) in std::mem::take(&mut self.completed) {
            self.answers.answered(batch - self.decided, place, answer);
        }
        while let Some(sent) = self.answers.take_oldest_outcome() {
            self.sent.insert(self.decided, sent);
            self.decided += 1;
        }
    }

    /// Checks that no outcome is decided too early, and that every one is in the end.
    fn check(&self) {
        for (batch, sent) in &self.sent {
            assert_eq!(*sent, self.expected(*batch), "batch {batch} of {:?}", self.messages);
        }
        if self.confirmed.iter().all(|confirmed| *confirmed) && self.completed.is_empty() {
            let batches = self.messages.last().map_or(0, |(batch, _, _)| batch + 1);
            assert_eq!(self.decided, batches, "{:?}", self.messages);
            assert!(self.answers.returned.is_empty(), "{:?}", self.answers);
        }
    }

    fn expected(&self, batch: usize) -> BatchOutcome {
        let mut sent = BatchOutcome::default();
        for (seq, (of, _, fate)) in self.messages.iter().enumerate() {
            match fate {
                _ if *of != batch => {}
                Taken => sent.confirmed.push(seq as i64),
                Returned | ReturnedAndRefused => sent.returned += 1,
                Refused => sent.refused += 1,
            }
        }
        sent
    }
}

/// Goes on in every way from here; polls after each frame, or also not, where `lazily`.
fn explore(world: &World, lazily: bool, ends: &mut usize) {
    let mut done = true;
    for message in 0..world.messages.len() {
        for step in [World::give_back, World::confirm] {
            let mut next = world.clone();
            if !step(&mut next, message) {
                continue;
            }
            done = false;
            if lazily {
                explore(&next, lazily, ends);
            }
            next.look();
            next.check();
            explore(&next, lazily, ends);
        }
    }
    if done {
        let mut last = world.clone();
        last.look();
        last.check();
        *ends += 1;
    }
}

fn explore_all(sizes: &[usize], fates: &[Fate], lazily: bool) -> usize {
    let (count, mut ends) = (sizes.iter().sum::<usize>(), 0);
    for number in 0..fates.len().pow(count as u32) {
        let digit = |place: u32| number / fates.len().pow(place) % fates.len();
        let these = (0..count as u32).map(|place| fates[digit(place)]).collect::<Vec<_>>();
        explore(&World::new(sizes, &these), lazily, &mut ends);
    }
    ends
}

#[test]
fn in_no_order_of_returns_and_confirms_does_a_return_count_as_a_confirm() {
    let (all, two) = ([Taken, Returned, Refused, ReturnedAndRefused], [Taken, Returned]);
    let mut ends = explore_all(&[1, 1], &all, true);
    for sizes in [&[2, 1][..], &[1, 2], &[1, 1, 1]] {
        ends += explore_all(sizes, &two, true) + explore_all(sizes, &all, false);
    }
    for sizes in [&[2, 2][..], &[1, 2, 1]] {
        ends += explore_all(sizes, &two, false);
    }
    assert!(ends > 10_000, "{ends}");
}

#[test]
fn a_return_that_comes_with_another_batchs_confirm_is_found_there() {
    let mut world = World::new(&[1, 1], &[Returned, Taken]);
    assert!(world.give_back(0) && world.confirm(1) && world.confirm(0));
    world.look();
    assert_eq!(world.sent[&0], BatchOutcome { returned: 1, ..BatchOutcome::default() });
    assert_eq!(world.sent[&1].confirmed, [1]);
}

#[test]
fn a_batch_waits_for_a_return_that_lapin_still_holds() {
    let mut world = World::new(&[1, 1], &[Returned, Returned]);
    assert!(world.give_back(1) && world.give_back(0) && world.confirm(0));
    world.look();
    assert!(world.sent.is_empty(), "it came with the other's return");
    assert!(world.confirm(1));
    world.look();
    assert_eq!((world.sent[&0].returned, world.sent[&1].returned), (1, 1));
}

#[test]
fn without_a_return_a_batch_waits_for_no_other() {
    let mut world = World::new(&[2, 1], &[Taken, Refused, Returned]);
    assert!(world.confirm(1) && world.confirm(0));
    world.look();
    assert_eq!(world.sent[&0], BatchOutcome { confirmed: vec![0], returned: 0, refused: 1 });
}

#[test]
fn a_change_that_came_back_is_confirmed_when_it_is_published_again() {
    let mut answers = Answers::default();
    let message = Message { seq: 7, id: id(7) };
    for (returned, confirmed) in [(Some(message.id), vec![]), (None, vec![7])] {
        answers.published([message].into_iter());
        answers.answered(0, 0, MessageAnswer { taken: true, returned });
        assert_eq!(answers.take_oldest_outcome().unwrap().confirmed, confirmed);
    }
}
