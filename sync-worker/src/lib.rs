//! Carries each change to the other side's REST API.
