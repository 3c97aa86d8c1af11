//! Forgetting messages that can do nothing any more, so that a deeper world can be seen whole.
//!
//! A message is stale once its receiver has seen, of each facet, all that the message tells. To
//! forget it then is sound while the following holds, which unpruned models check for every state:
//!
//! - *Alone, it does nothing*, now or later: what is older or the same changes nothing and records
//!   nothing, and a receiver's revisions only grow. Whether it is settled makes no difference.
//! - *In a batch, it does nothing.* A sender's revisions only grow, so of the messages of one
//!   direction one always has seen the other, facet by facet, and the newest of a batch is what
//!   `fold` makes of it. Where a stale message is the newest of a facet, all of the batch is old
//!   news of that facet; where it is not, the batch comes to the same without it. And it speaks
//!   only for messages that it covers, which are stale with it.
//! - *Nothing else looks at it.* A quiet state becomes one in which all that is under way is stale,
//!   so what must hold in a quiet state is asked of more states, not of fewer.
//!
//! So every state of the order at either site, and every record, that can be reached with stale
//! messages is reached without them, and the other way round; `holds` compares the two as well.

use shared_models::site::Site;

use crate::state::State;

impl State {
    pub(crate) fn forget_stale(&mut self) {
        for from in Site::ALL {
            let order = self.order(from.peer());
            self.under_way[from as usize].retain(|message| !message.is_stale_for(order));
        }
    }
}
