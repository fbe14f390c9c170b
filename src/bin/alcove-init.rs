//! The first program of the firmware, in the initramfs.
//!
//! Never: anything but handing over to `init`.

#[path = "../init/mod.rs"]
mod init;

fn main() -> std::convert::Infallible {
    init::main()
}
