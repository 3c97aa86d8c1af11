//! The bounds of the model and its guards: the real ones, or all but one.

use shared_models::order::Status;
use shared_models::rules::{CarryRule, RULES};
use shared_models::side::Side;
use stateright::{Model, Property};

use crate::edits::Edits;
use crate::properties;
use crate::state::State;
use crate::steps::Step;

/// The bounds of a model, and which guards are in force.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) scope: Scope,
    /// The number of edits that each side may make, besides the creation.
    pub(crate) edits: u8,
    /// The number of offers that each side may make.
    pub(crate) offers: u8,
    /// Set if messages of which the receiver knows all are forgotten at once; see `pruning`.
    pub(crate) pruned: bool,
    /// The rules that the worker applies to every event.
    pub(crate) rules: Vec<CarryRule>,
    /// Set if a side publishes what has arrived from its peer too, so that the rules alone are to
    /// stop it.
    pub(crate) publishes_all: bool,
    pub(crate) without: Option<Guard>,
    /// The sides that may be set back, once each.
    pub(crate) set_backs: Vec<Side>,
}

/// The facets that the sides edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Delivery,
    Progress,
    Both,
}

/// A guard that keeps the two sides in agreement, and can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// The tie-break: of two values of one rank, the warehouse's stands. Without: the store's.
    TieOfRank,
    /// The fence: a change that is not newer changes nothing. Without: whatever arrives replaces
    /// what is here.
    Fence,
    /// The order of two steps: a batch is made smaller after the rules have decided. Without:
    /// before.
    DecidingFirst,
    /// The direction of moves: they go up in rank. Without: the warehouse may make this one too.
    NoWayBack(Status, Status),
    /// The marks: one count of a side with two marks is two changes. Without: the marks are
    /// ignored.
    Marks,
    /// The forks: where one revision or count is two changes, it is decided between them. Without:
    /// only revisions count, as if no side were ever set back.
    Forks,
    /// The offer after a loss: a side whose queue was lost is asked for one. Without: it is not.
    OfferAfterLoss,
}

impl World {
    /// Creates a world with every guard in force.
    pub(crate) fn new(scope: Scope, edits: u8) -> Self {
        assert!(edits < Edits::MOST, "the store has created the order besides");
        Self {
            scope,
            edits,
            offers: 1,
            pruned: false,
            rules: RULES.to_vec(),
            publishes_all: false,
            without: None,
            set_backs: vec![],
        }
    }

    /// Returns its bounds, for a person.
    pub(crate) fn name(&self) -> String {
        format!("{:?}, {} edits, {} offers", self.scope, self.edits, self.offers)
    }

    pub(crate) fn pruned(self) -> Self {
        Self { pruned: true, ..self }
    }

    pub(crate) fn offers(self, offers: u8) -> Self {
        Self { offers, ..self }
    }

    pub(crate) fn set_back(self, sides: &[Side]) -> Self {
        Self { set_backs: sides.to_vec(), ..self }
    }

    pub(crate) fn publishing_all(self) -> Self {
        Self { publishes_all: true, ..self }
    }

    pub(crate) fn without(self, guard: Guard) -> Self {
        Self { without: Some(guard), ..self }
    }

    pub(crate) fn without_rule(mut self, left_out: CarryRule) -> Self {
        self.rules.retain(|rule| *rule != left_out);
        self
    }

    /// Returns the move that the warehouse may make although the table does not have it.
    pub(crate) fn extra_move(&self, side: Side, from: Status) -> Option<Status> {
        match self.without {
            Some(Guard::NoWayBack(known, to)) if side == Side::Warehouse && known == from => {
                Some(to)
            }
            Some(
                Guard::NoWayBack(..)
                | Guard::TieOfRank
                | Guard::Fence
                | Guard::DecidingFirst
                | Guard::OfferAfterLoss
                | Guard::Marks
                | Guard::Forks,
            )
            | None => None,
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![self.beginning()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.add_edits(state, steps);
        self.add_offers(state, steps);
        self.add_set_backs(state, steps);
        self.add_batches(state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        match step {
            Step::Edit(side, wish) => self.edit(&mut next, side, wish)?,
            Step::BackUp(side) => next.back_up(side),
            Step::SetBack(side) => next.set_back(side)?,
            Step::Compare => self.compare(&mut next),
            Step::Offer(side) => self.offer(&mut next, side),
            Step::Lose(side) => next.lose(side, self.without != Some(Guard::OfferAfterLoss)),
            Step::Carry { from, picks, settled } => self.carry(&mut next, from, picks, settled),
        }
        if self.pruned {
            next.forget_stale();
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
