//! What may happen, and how far: the real guards, or all of them but one.

use shared_models::order::Status;
use shared_models::rules::{RULES, Rule};
use shared_models::site::Site;
use stateright::{Model, Property};

use crate::edits::Edits;
use crate::properties;
use crate::state::State;
use crate::steps::Step;

/// The bounds of a model, and which guards are in force.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) scope: Scope,
    /// How many edits each site may make, besides the creation.
    pub(crate) edits: u8,
    /// How many offers each site may make.
    pub(crate) offers: u8,
    /// Whether messages of which the receiver knows all are forgotten at once; see `pruning`.
    pub(crate) pruned: bool,
    /// What the worker asks of every event.
    pub(crate) rules: Vec<Rule>,
    /// Whether a site publishes what has arrived from its peer too, so that the rules alone are to
    /// stop it.
    pub(crate) publishes_all: bool,
    pub(crate) without: Option<Guard>,
    /// Which sites may be set back, once each.
    pub(crate) set_backs: Vec<Site>,
}

/// What the sites edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Delivery,
    Progress,
    Both,
}

/// What keeps the two sites in agreement, and can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Of two values of one rank, the warehouse's stands. Without: the store's.
    TieOfRank,
    /// What is not newer changes nothing. Without: whatever arrives replaces what is here.
    Fence,
    /// A batch is made smaller after the rules have decided. Without: before.
    DecidingFirst,
    /// Moves go up in rank. Without: the warehouse may make this one too.
    NoWayBack(Status, Status),
    /// One count of a site with two marks is two changes. Without: nobody looks at the marks.
    Marks,
    /// Where one revision or count is two changes, it is decided between them. Without: revisions
    /// alone are asked, as if no site were ever set back.
    Forks,
    /// A site whose queue was lost is asked for an offer. Without: nobody asks.
    OfferAfterLoss,
}

impl World {
    /// With every guard in force.
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

    /// Its bounds, for a person.
    pub(crate) fn name(&self) -> String {
        format!("{:?}, {} edits, {} offers", self.scope, self.edits, self.offers)
    }

    pub(crate) fn pruned(self) -> Self {
        Self { pruned: true, ..self }
    }

    pub(crate) fn offers(self, offers: u8) -> Self {
        Self { offers, ..self }
    }

    pub(crate) fn set_back(self, sites: &[Site]) -> Self {
        Self { set_backs: sites.to_vec(), ..self }
    }

    pub(crate) fn publishing_all(self) -> Self {
        Self { publishes_all: true, ..self }
    }

    pub(crate) fn without(self, guard: Guard) -> Self {
        Self { without: Some(guard), ..self }
    }

    pub(crate) fn without_rule(mut self, left_out: Rule) -> Self {
        self.rules.retain(|rule| *rule != left_out);
        self
    }

    /// The moves that the warehouse may make although the table does not have them.
    pub(crate) fn extra_move(&self, site: Site, from: Status) -> Option<Status> {
        match self.without {
            Some(Guard::NoWayBack(known, to)) if site == Site::Warehouse && known == from => {
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
            Step::Edit(site, wish) => self.edit(&mut next, site, wish)?,
            Step::BackUp(site) => next.back_up(site),
            Step::SetBack(site) => next.put_back(site)?,
            Step::Compare => self.compare(&mut next),
            Step::Offer(site) => self.offer(&mut next, site),
            Step::Lose(site) => next.lose(site, self.without != Some(Guard::OfferAfterLoss)),
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
