//! The contract between the sites: what crosses a boundary, and the pure rules on it.
