//! `tropism explain`: a member's page and its keys.

use super::Exit;
use crate::args::Explain;
use crate::error::Error;
use crate::terminal::{colour, say, width, wrap};
use tropism::registry::{Key, Member, all_members};

pub fn explain(args: &Explain) -> Result<Exit, Error> {
    let members = all_members();
    // A data set and the theorem about it may share their name.
    let found: Vec<&Member> = members.iter().filter(|m| m.id == args.id).collect();
    if found.is_empty() {
        let ids: Vec<String> = members.iter().map(|m| m.id.to_string()).collect();
        let nearest = tropism::error::nearest(&args.id, &ids);
        return Err(Error::UnknownId { id: args.id.clone(), nearest });
    }
    let with_keys = |m: &&&Member| !args.keys || found.len() == 1 || in_experiments(m);
    let pages: Vec<String> = found.iter().filter(with_keys).map(|m| describe(m, args.keys)).collect();
    say(&pages.join("\n"))?;
    Ok(Exit::Success)
}

fn describe(member: &Member, only_keys: bool) -> String {
    let (bold, plain) = if colour() { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let mut out = String::new();
    if !only_keys {
        out.push_str(&format!("{bold}{}{plain} ({})\n\n", member.id, member.room));
        out.push_str(&page(member));
        out.push('\n');
    }
    let (own, shared) = (member.keys(), member.shared_keys());
    if in_experiments(member) {
        out.push_str(&format!("{bold}Keys of {} in [{}]{plain}\n", member.id, section_of(member)));
        out.push_str(&table(&own));
        if !shared.is_empty() {
            out.push_str(&format!("\n{bold}Keys that every {} understands{plain}\n", word(member.room)));
            out.push_str(&table(&shared));
        }
    } else if only_keys {
        out.push_str(&format!("A {} has no keys in an experiment file.\n", member.room));
    }
    out
}

/// The section of an experiment file in which a member's keys stand.
fn section_of(member: &Member) -> &str {
    if member.room == "section" { member.id } else { member.room }
}

fn in_experiments(member: &Member) -> bool {
    ["data", "model", "loss", "optimizer", "section"].contains(&member.room)
}

fn word(room: &str) -> &str {
    if room == "data" { "data set" } else { room }
}

/// The page with its paragraphs wrapped anew; code stays as it is.
fn page(member: &Member) -> String {
    let width = width().min(100);
    let (mut out, mut paragraph, mut code) = (String::new(), String::new(), false);
    let flush = |paragraph: &mut String, out: &mut String| {
        if !paragraph.is_empty() {
            let text = wrap(paragraph, width, 2);
            // `Shapes:`, `Source:` … begin a line of their own, the rest of which hangs under it.
            out.push_str(text.strip_prefix("  ").unwrap_or(&text));
            out.push('\n');
            paragraph.clear();
        }
    };
    for line in member.page().lines() {
        if line.starts_with("```") {
            flush(&mut paragraph, &mut out);
            code = !code;
        } else if code {
            out.push_str(&format!("    {line}\n"));
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut out);
            out.push('\n');
        } else {
            if begins_item(line) {
                flush(&mut paragraph, &mut out);
            }
            paragraph.push_str(line);
            paragraph.push(' ');
        }
    }
    flush(&mut paragraph, &mut out);
    out
}

/// `Source: …`, `Units and invariance: …`: a label of at most three words with a capital at the start.
fn begins_item(line: &str) -> bool {
    let Some((label, _)) = line.split_once(':') else {
        return line.starts_with("- ") || line.starts_with('|');
    };
    label.starts_with(char::is_uppercase)
        && label.split_whitespace().count() <= 3
        && !label.contains(['`', '.', ','])
}

fn table(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "  none\n".into();
    }
    let width = width().min(100);
    keys.iter()
        .map(|key| {
            let default = match (&key.default, key.required) {
                (Some(value), _) => format!(" (default {value})"),
                (None, true) => " (required)".into(),
                (None, false) => " (optional)".into(),
            };
            let head = format!("{} = {}{default}", key.name, key.expects);
            let head = wrap(&head, width, 4);
            format!("  {}\n{}\n", head.trim_start(), wrap(&key.description, width, 6))
        })
        .collect()
}
