//! Updates of the firmware: which of its two slots starts, and how one proves itself.
//!
//! Never: what the box is for (`library`, `transcode`).

pub mod bootstate;
