//! The sources over HTTP, as tests of other crates and `deploy/up` use them.

#[cfg(test)]
mod program;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod steering;
#[cfg(test)]
mod upstream;
