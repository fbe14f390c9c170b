//! The library on real folders, with real workers: what a scan finds, keeps, loses and finds again.
//!
//! Never: a stand-in for the worker; a network.

#[path = "media/mod.rs"]
mod media;

#[path = "library/art.rs"]
mod art;
#[path = "library/failures.rs"]
mod failures;
#[path = "library/hostile.rs"]
mod hostile;
#[path = "library/house.rs"]
mod house;
#[path = "library/people.rs"]
mod people;
#[path = "library/settings.rs"]
mod settings;
#[path = "library/shelves.rs"]
mod shelves;
#[path = "library/trees.rs"]
mod trees;
