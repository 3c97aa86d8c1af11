//! Orders as the shop sees them.
