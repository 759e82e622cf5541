//! Input of a new password: never on the command line, which every process of the machine can read and the shell's
//! history stores.

use std::io::{self, IsTerminal, Read};

use clap::Args;
use shared::users::{Password, UserName};
use zeroize::Zeroizing;

use super::error::{Error, InvalidInput};

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct NewPassword {
    /// Read the password from the first line of standard input, instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl NewPassword {
    /// Reads the password from standard input, or asks for it twice, without showing it.
    pub(super) fn read(self, name: &UserName) -> Result<Password, Error> {
        if self.password_stdin {
            return from_input(io::stdin());
        }
        if !io::stdin().is_terminal() {
            return Err(InvalidInput::NoTerminal.into());
        }
        let first = Zeroizing::new(rpassword::prompt_password(format!("Password for {name}: "))?);
        let again = Zeroizing::new(rpassword::prompt_password("Again: ")?);
        if first != again {
            return Err(InvalidInput::PasswordsDiffer.into());
        }
        Ok(Password::new(first.to_string())?)
    }
}

/// Reads the first line of `input`. A password may have any character but a line break.
fn from_input(input: impl Read) -> Result<Password, Error> {
    // The capacity suffices from the start: a growing string would leave copies behind that are never wiped.
    let most = Password::MOST_BYTES + "\r\n".len();
    let mut text = Zeroizing::new(String::with_capacity(most + 1));
    let read = input.take(u64::try_from(most + 1).unwrap_or(u64::MAX)).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => InvalidInput::PasswordEncoding.into(),
        _ => Error::Io(error),
    })?;
    let line = text.split_once('\n').map_or(text.as_str(), |(line, _)| line);
    Ok(Password::new(line.strip_suffix('\r').unwrap_or(line).to_owned())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(input: &[u8]) -> Option<String> {
        from_input(input).err().map(|error| error.to_string())
    }

    #[test]
    fn the_first_line_without_its_line_break_is_the_password() {
        for input in ["pass word", "pass word\n", "pass word\r\n", "pass word\nand more"] {
            assert_eq!(error_of(input.as_bytes()), None, "{input:?}");
            assert!(error_of(input.replace("pass word", "seven77").as_bytes()).is_some(), "{input:?}");
        }
        assert_eq!(error_of("a".repeat(1_024).as_bytes()), None);
    }

    #[test]
    fn an_error_does_not_repeat_the_password() {
        for (input, expected) in [
            (b"".as_slice(), "at least 8 bytes"),
            (b"\nlong enough", "at least 8 bytes"),
            ("a".repeat(1_025).as_bytes(), "at most 1024 bytes"),
            ("a".repeat(100_000).as_bytes(), "at most 1024 bytes"),
            (b"\xFFlong enough", "not UTF-8"),
        ] {
            let error = error_of(input).unwrap();
            assert!(error.contains(expected) && !error.contains("long enough"), "{error}");
        }
    }
}
