//! The command line.
//!
//! Never: work that a room does.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use super::bootctl::{self, BootctlArguments};
use super::config::{Config, ConfigError};
use super::people::{self, UserCommand};
use super::reports::{self, ConsentCommand, ReportChoice, ReportError};
use super::updating::{self, UpdateArguments};
use super::{heap, serve};
use crate::board::{Board, BoardFile, CodecDevice, Now};

/// A private media server for small ARM boards.
#[derive(Debug, Parser)]
#[command(name = "alcove", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until SIGTERM or SIGINT.
    Serve(ServeArguments),
    /// Prints the description of the API as an OpenAPI document.
    Openapi,
    /// Lists or changes accounts while the server is stopped.
    User(UserArguments),
    /// Prints what machine this is and, in an image, what its board should have.
    Board {
        /// A board file instead of this machine.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints every metric that could be collected, with all its classes.
    Registry {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints what would be sent, what was sent, or how the registry changed.
    Report(ReportArguments),
    /// Installs an update of the firmware from a file, when this box trusts whoever signed it.
    Update(UpdateArguments),
    /// Does for the server what only root may: one request on standard input, one answer.
    System(SystemArguments),
    /// Shows the answer about privacy, or stores one while the server is stopped.
    Consent(ConsentArguments),
    /// Reads or changes which slot of the firmware starts; for RAUC.
    Bootctl(BootctlArguments),
}

#[derive(Debug, Args)]
struct ReportArguments {
    #[command(flatten)]
    choice: ReportChoice,
    #[command(flatten)]
    place: StatePlace,
}

#[derive(Debug, Args)]
struct ConsentArguments {
    #[command(subcommand)]
    command: ConsentCommand,
    #[command(flatten)]
    place: StatePlace,
}

#[derive(Debug, Args)]
struct StatePlace {
    /// A TOML file, for the folder of the state and the place of the answer.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Folder of the state.
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
}

impl StatePlace {
    fn read(self) -> Result<Config, ConfigError> {
        read_config(self.config, self.state)
    }
}

#[derive(Debug, Args)]
struct ServeArguments {
    /// A TOML file; the other flags override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Folder of the database, keys and made pictures.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Folder of the media; its sub-folders become libraries.
    #[arg(long, value_name = "DIR")]
    media: Option<PathBuf>,
    /// The program alcove-worker.
    #[arg(long, value_name = "PATH")]
    worker: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SystemArguments {
    /// A TOML file, for the place of the firmware.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct UserArguments {
    #[command(subcommand)]
    command: UserCommand,
    /// A TOML file, for the folder of the state.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Folder of the database.
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
}

/// Runs the command that the command line names.
pub fn main() -> ExitCode {
    heap::tame();
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve(arguments),
        Command::Openapi => openapi(),
        Command::User(arguments) => user(arguments),
        Command::Board { file, json } => board(file.as_deref(), json),
        Command::Registry { json } => done(reports::registry(json)),
        Command::Report(arguments) => report(arguments),
        Command::Consent(arguments) => consent(arguments),
        Command::Bootctl(arguments) => bootctl(&arguments),
        Command::Update(arguments) => update(arguments),
        Command::System(arguments) => system(arguments),
    };
    outcome.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "alcove: {error}");
        ExitCode::FAILURE
    })
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn read_config(path: Option<PathBuf>, state: Option<PathBuf>) -> Result<Config, ConfigError> {
    let mut config = path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
    if let Some(state) = state {
        config.state = state;
    }
    Ok(config)
}

fn serve(arguments: ServeArguments) -> Outcome {
    let mut config = read_config(arguments.config, arguments.state)?;
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.media = arguments.media.or(config.media);
    config.worker = arguments.worker.or(config.worker);
    Ok(serve::run(config)?)
}

fn user(arguments: UserArguments) -> Outcome {
    let config = read_config(arguments.config, arguments.state)?;
    people::run(&arguments.command, &config.state)?;
    Ok(ExitCode::SUCCESS)
}

fn report(arguments: ReportArguments) -> Outcome {
    done(reports::report(&arguments.choice, &arguments.place.read()?))
}

fn consent(arguments: ConsentArguments) -> Outcome {
    done(reports::consent(
        &arguments.command,
        &arguments.place.read()?,
    ))
}

fn bootctl(arguments: &BootctlArguments) -> Outcome {
    bootctl::run(arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn update(arguments: UpdateArguments) -> Outcome {
    let config = read_config(arguments.config.clone().or_else(shipped), None)?;
    updating::update(&arguments, &config)?;
    Ok(ExitCode::SUCCESS)
}

fn system(arguments: SystemArguments) -> Outcome {
    updating::answer(&read_config(arguments.config, None)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The configuration that the firmware comes with.
fn shipped() -> Option<PathBuf> {
    let path = PathBuf::from("/usr/share/alcove/alcove.toml");
    path.is_file().then_some(path)
}

fn done(outcome: Result<(), ReportError>) -> Outcome {
    outcome?;
    Ok(ExitCode::SUCCESS)
}

fn openapi() -> Outcome {
    let text = crate::http::doc::document().to_pretty_json()?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// What `alcove board` prints.
#[derive(Serialize)]
struct Machine {
    #[serde(flatten)]
    now: Now,
    codec_devices: Vec<CodecDevice>,
    /// Whether the image transcodes video without the processor's cores.
    hardware_transcode: Option<bool>,
    /// What the image says of the board it was built for.
    board: Option<BoardFile>,
}

fn board(file: Option<&Path>, json: bool) -> Outcome {
    if let Some(path) = file {
        return print(&BoardFile::read_source(path)?, json);
    }
    let board = Board::new(PathBuf::from("/"));
    let file = board.file()?;
    let machine = Machine {
        now: board.look(),
        codec_devices: board.codec_devices(),
        hardware_transcode: file.as_ref().map(BoardFile::hardware_transcode),
        board: file,
    };
    print(&machine, json)
}

/// As JSON for programs, as TOML for people.
fn print(what: &impl Serialize, json: bool) -> Outcome {
    let text = if json {
        serde_json::to_string_pretty(what)?
    } else {
        toml::to_string_pretty(what)?
    };
    writeln!(std::io::stdout(), "{}", text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
