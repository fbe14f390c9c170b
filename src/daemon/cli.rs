//! The command line.
//!
//! Never: work that a room does.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A private media server for small ARM boards.
#[derive(Debug, Parser)]
#[command(name = "alcove", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the description of the API as an OpenAPI document.
    Openapi,
}

/// Runs the command that the command line names.
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Openapi => openapi(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "alcove: {text}");
            ExitCode::FAILURE
        }
    }
}

fn openapi() -> Result<(), String> {
    let text = crate::http::doc::document()
        .to_pretty_json()
        .map_err(|error| format!("the document could not be written: {error}"))?;
    writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())
}
