//! The privacy answer under everything that can happen to its flash, its clock and its registry.
//!
//! Never: a real clock; a write outside scratch files and a loop device of the test's own.

#[path = "consent/device.rs"]
mod device;
#[path = "consent/input.rs"]
mod input;
#[path = "consent/ledger.rs"]
mod ledger;
#[path = "consent/mock.rs"]
mod mock;
#[path = "consent/model.rs"]
mod model;
#[path = "consent/worse.rs"]
mod worse;
