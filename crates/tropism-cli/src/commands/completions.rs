//! `tropism completions`: a script for the shell, from the same definitions as the parser.

use super::Exit;
use crate::args::{Args, Completions};
use crate::error::Error;
use crate::terminal::say;
use clap::CommandFactory;

pub fn completions(args: &Completions) -> Result<Exit, Error> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Args::command(), "tropism", &mut script);
    say(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
