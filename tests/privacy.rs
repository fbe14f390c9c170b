//! The privacy bars, judged in a made-up world of files, boxes and players. Each prints its figures.
//!
//! Never: a figure of a real household; a bar lowered for a metric.

// The generator and the model are the build's own: what the build lets pass and what is judged here
// cannot drift apart.
#[allow(dead_code)]
#[path = "../src/build/mod.rs"]
mod build;

#[path = "privacy/bad.rs"]
mod bad;
#[path = "privacy/cells.rs"]
mod cells;
#[path = "privacy/guessing.rs"]
mod guessing;
#[path = "privacy/house.rs"]
mod house;
#[path = "privacy/households.rs"]
mod households;
#[path = "privacy/interference.rs"]
mod interference;
#[path = "privacy/kept.rs"]
mod kept;
#[path = "privacy/linkage.rs"]
mod linkage;
#[path = "privacy/plays.rs"]
mod plays;
#[path = "privacy/registry.rs"]
mod registry;
#[path = "privacy/trials.rs"]
mod trials;
#[path = "privacy/undeclared.rs"]
mod undeclared;
#[path = "privacy/whole.rs"]
mod whole;
