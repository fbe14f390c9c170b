//! Updates of the firmware: the real daemon, the real RAUC on a bus of its own, real signed bundles, slots that are files.
//!
//! RAUC is that of the tool root (`ALCOVE_TOOL_ROOT`, by default the one that `image/dev` makes), or the machine's own when it
//! is 1.13 or newer. A bundle is opened by mounting it, so the tests that install need root and say so where they have none;
//! the kernel here need not have device-mapper: they install bundles of RAUC's format `plain`, and the tests that boot
//! install those with verity.
//!
//! Never: the machine's own bus, slots or boot state.

#[path = "../house/mod.rs"]
mod house;
#[allow(dead_code)] // this program uses a part
#[path = "../http/server.rs"]
mod server;

mod bundles;
mod installs;
mod intake;
mod stage;
mod trials;
