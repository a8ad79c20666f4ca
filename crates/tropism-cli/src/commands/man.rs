//! `tropism man`: manual pages, from the same definitions as the parser.

use super::Exit;
use crate::args::{Args, Man};
use crate::error::Error;
use crate::terminal::say;
use clap::CommandFactory;

pub fn man(args: &Man) -> Result<Exit, Error> {
    let Some(dir) = &args.dir else {
        let mut page = vec![];
        clap_mangen::Man::new(Args::command()).render(&mut page).map_err(Error::Output)?;
        say(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Success);
    };
    std::fs::create_dir_all(dir).map_err(Error::file(dir, "created"))?;
    clap_mangen::generate_to(Args::command(), dir).map_err(Error::file(dir, "written to"))?;
    Ok(Exit::Success)
}
