//! The program `tropism`: files, clock, terminal and exit codes around the library, and no science.

mod args;
mod commands;
mod error;
mod experiment;
mod folder;
mod interrupt;
mod progress;
mod terminal;
mod trajectory;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let Some(command) = args.command else {
        // Clap ignores a closed pipe here as well.
        let _ = args::Args::command().print_help();
        return ExitCode::SUCCESS;
    };
    match commands::carry_out(command) {
        Ok(exit) => exit.into(),
        Err(e) => {
            terminal::complain(&format!("error: {e}"));
            if let Some(hint) = e.hint() {
                terminal::complain(&format!("hint: {hint}"));
            }
            ExitCode::from(2)
        }
    }
}
