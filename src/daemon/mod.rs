//! Builds everything, owns every task and the order in which they end.
//!
//! Never: logic of its own.

pub mod cli;
