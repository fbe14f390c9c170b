//! What a box may tell its makers, in classes that cannot tell who is behind it.
//!
//! Never: a raw number, a text or a path as a parameter of its functions; title, path or address.

pub mod class;
pub mod crash;
pub mod destinations;
pub mod draw;
pub mod held;
pub mod history;
pub mod journal;
pub mod moment;
pub mod registry;
pub mod report;
mod stored;
pub mod upload;
