//! Builds everything, owns every task and the order in which they end.
//!
//! Never: logic of its own.

mod address;
mod bootctl;
pub mod cli;
pub mod config;
pub mod crash;
mod gathering;
mod health;
mod heap;
mod logger;
mod notify;
mod people;
mod privacy;
mod reports;
mod serve;
mod signals;
mod tasks;
mod updating;
