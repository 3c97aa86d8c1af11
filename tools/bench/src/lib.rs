//! Lockstep and its baselines, measured in turn; see `deploy/bench`.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `measure` | a measure with its baseline and target; pure |
//! | `load` | requests as fast as they go, or by the clock, at next to no cost |
//! | `world` | the servers and programs of a run, and whether their data are as they should be |
//! | `baseline` | the same work done by what Lockstep is built on, alone |
//! | `measures` | a file for each row of the table |
//! | `run`, `scale`, `progress`, `orders` | a run, how long it takes, what it shows, what it places |
//! | `origin` | of what and on what was measured |
//! | `report` | what is told: the table, the JSON and the page with its charts; pure |

pub mod baseline;
pub mod load;
pub mod measure;
pub mod measures;
pub mod orders;
mod origin;
pub mod progress;
pub mod report;
pub mod run;
pub mod scale;
pub mod world;
