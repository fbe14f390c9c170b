//! Alcove's image in a virtual board: from power-on to a page that answers, through updates, cuts and damage.
//!
//! Never: the built image itself, which is only read; a box that outlives its test; an address off this machine.
//!
//! `image/dev boot qemu-virt --test` runs these one after the other, in one process: they share boxes that were set up
//! once. Tests whose names begin with `long::` run with `--test all` only.

#[path = "../house/mod.rs"]
mod house;
#[path = "../media/mod.rs"]
mod media;

mod disk;
mod machine;
mod nbd;
mod owner;
mod packets;
mod qmp;
mod serial;
mod table;

mod boot_state;
mod cuts;
mod first_start;
mod prepared;
mod refused;
mod silence;
mod update;
