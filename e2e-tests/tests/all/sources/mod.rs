//! The services outside: records pulled from an upstream, and a remote that is mirrored.

mod flushing;
mod killing;
mod loading;
mod mirror_world;
mod pulling;
