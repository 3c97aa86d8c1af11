//! Orders as the warehouse sees them.
