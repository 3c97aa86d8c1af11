//! Starts the private servers and the three programs.
