//! The confirmation of a command that cannot be taken back.

use std::io::{self, IsTerminal, Write};

use super::error::{Error, InvalidInput};

/// Asks `question` at the terminal, unless the command was given `--yes`. Without a terminal, `--yes` is needed.
pub(super) fn confirm(yes: bool, question: &str) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(InvalidInput::NotConfirmed.into());
    }
    let mut terminal = io::stdout().lock();
    write!(terminal, "{question} Type yes: ")?;
    terminal.flush()?;
    let mut response = String::new();
    io::stdin().read_line(&mut response)?;
    if ["yes", "y"].contains(&response.trim()) { Ok(()) } else { Err(InvalidInput::Declined.into()) }
}
