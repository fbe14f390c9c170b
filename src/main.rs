//! The daemon and its command line.
//!
//! Never: anything but handing over to `daemon`.

fn main() -> std::process::ExitCode {
    alcove::daemon::cli::main()
}
