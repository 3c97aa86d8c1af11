//! Lockstep and its limits, measured side by side; see `deploy/bench`.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `measure` | what a measure is, what is wanted of it, and whether it is reached; pure |
//! | `load` | requests as fast as they go, or by the clock, at next to no cost |
//! | `report` | what is told: the table, the JSON and the page with its charts; pure |

pub mod load;
pub mod measure;
pub mod report;
