//! Orders at one side: their data, their changes, their storage and their HTTP API. The differences
//! between the sides are in [`Domain`].
//!
//! | module | contents |
//! | --- | --- |
//! | `order`, `shown`, `page`, `record` | an order, how it is shown, the query for a list, the record of a change |
//! | `change`, `edit`, `attempts` | what a change makes of an order; edits that are written together |
//! | `creating`, `writing`, `writer`, `turns`, `waiter` | carrying that out, in group commits |
//! | [`storage`] | all SQL on orders |
//! | [`routes`] | the HTTP API: reading and setting orders, taking the peer's changes |
//! | `comparison` | the orders changed here, and the states of orders, for comparing with the peer |
//! | `resource` | orders as the records of a service |

mod attempts;
mod change;
mod comparison;
mod creating;
mod edit;
mod order;
pub mod page;
mod record;
mod resource;
pub mod routes;
mod schema;
mod shown;
pub mod storage;
mod timestamp;
mod turns;
mod waiter;
mod writer;
mod writing;

pub use change::{Changed, change, shared_errors};
pub use edit::{Edit, Written};
pub use order::{Domain, Draft, Order, Private};
pub use record::Record;
pub use resource::{Orders, records};
pub use shown::Shown;
pub use turns::Turns;
pub use writer::Writer;
