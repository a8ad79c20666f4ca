//! `tropism list`: every member of every room with one line each.

use super::Exit;
use crate::args::{List, Room};
use crate::error::Error;
use crate::terminal::{colour, say, width, wrap};
use clap::ValueEnum;
use serde_json::json;
use tropism::registry::{Member, all_members};

pub fn list(args: &List) -> Result<Exit, Error> {
    let rooms = args.room.map_or_else(|| Room::value_variants().to_vec(), |room| vec![room]);
    let members: Vec<Member> = all_members();
    if args.json {
        let rows: Vec<_> = members
            .iter()
            .filter(|m| rooms.iter().any(|r| r.id() == m.room))
            .map(|m| json!({ "room": m.room, "id": m.id, "summary": m.summary() }))
            .collect();
        say(&(serde_json::to_string_pretty(&json!({ "members": rows }))? + "\n"))?;
        return Ok(Exit::Success);
    }
    let mut out = String::new();
    for room in rooms {
        if !out.is_empty() {
            out.push('\n');
        }
        let members: Vec<&Member> = members.iter().filter(|m| m.room == room.id()).collect();
        out.push_str(&section(room, &members));
    }
    if args.room.is_none() {
        let more = wrap("`tropism explain WORD` tells more about each of them.", width(), 0);
        out.push_str(&format!("\n{more}\n"));
    }
    say(&out)?;
    Ok(Exit::Success)
}

/// A heading, and the members in two columns, or below each other where the terminal is narrow.
fn section(room: Room, members: &[&Member]) -> String {
    let (bold, plain) = if colour() { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let mut out = format!("{bold}{}{plain}\n", wrap(room.title(), width(), 0));
    let column = members.iter().map(|m| m.id.len()).max().unwrap_or(0) + 4;
    let width = width().min(120);
    for m in members {
        if width >= column + 40 {
            let text = wrap(&m.summary(), width, column);
            out.push_str(&format!("  {:<pad$}{}\n", m.id, text.trim_start(), pad = column - 2));
        } else {
            out.push_str(&format!("  {}\n{}\n", m.id, wrap(&m.summary(), width, 6)));
        }
    }
    out
}

impl Room {
    /// The library's word for the room.
    fn id(self) -> &'static str {
        match self {
            Room::Data => "data",
            Room::Model => "model",
            Room::Loss => "loss",
            Room::Optimizer => "optimizer",
            Room::Program => "program",
            Room::Theorem => "theorem",
            Room::Trend => "trend",
            Room::Measure => "measure",
            Room::Section => "section",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Room::Data => "Data sets and generators (data.kind)",
            Room::Model => "Models (model.kind)",
            Room::Loss => "Losses (loss.kind)",
            Room::Optimizer => "Optimizers (optimizer.kind)",
            Room::Program => "Programs (what a theorem says is solved)",
            Room::Theorem => "Theorems (chosen by their hypotheses, or by name: theorem = …)",
            Room::Trend => "Laws over several runs (judged by tropism sweep)",
            Room::Measure => "Measures (what is read off along the run)",
            Room::Section => "Sections without kinds ([horizon], [judge], [sweep])",
        }
    }
}
