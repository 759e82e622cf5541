//! The confirmation of a command that cannot be undone.

use std::io::{self, IsTerminal, Write};

use super::error::{Error, InvalidInput};

/// Checks that the user is there to ask, unless the command was given `--yes`.
pub(super) fn check_terminal(yes: bool) -> Result<(), InvalidInput> {
    let is_terminal = || io::stdin().is_terminal() && io::stdout().is_terminal();
    if yes || is_terminal() { Ok(()) } else { Err(InvalidInput::NotConfirmed) }
}

/// Asks `question` at the terminal, unless the command was given `--yes`. Without a terminal, `--yes` is needed.
pub(super) fn confirm(yes: bool, question: &str) -> Result<(), Error> {
    check_terminal(yes)?;
    if yes {
        return Ok(());
    }
    let mut terminal = io::stdout().lock();
    write!(terminal, "{question} Type yes: ")?;
    terminal.flush()?;
    let mut response = String::new();
    io::stdin().read_line(&mut response)?;
    if ["yes", "y"].contains(&response.trim()) { Ok(()) } else { Err(InvalidInput::Declined.into()) }
}
