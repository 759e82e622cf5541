//! How a new password gets here: never on the command line, which every process of the machine may read, and which
//! the shell's history keeps.

use std::io::{self, IsTerminal, Read};

use clap::Args;
use shared::user::{Password, Unusable, UserName};
use zeroize::Zeroizing;

use super::Error;

/// A password that is chosen now.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct NewPassword {
    /// Read the password from standard input, up to the end of its first line, instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl NewPassword {
    /// Reads it, or asks for it, twice and without showing it.
    pub(super) fn read(self, name: &UserName) -> Result<Password, Error> {
        if self.password_stdin {
            return from_input(io::stdin());
        }
        if !io::stdin().is_terminal() {
            let message =
                "there is no terminal to ask for a password at: give --password-stdin, and pipe it in";
            return Err(Error::Usage(message.to_owned()));
        }
        let first = Zeroizing::new(rpassword::prompt_password(format!("Password for {name}: "))?);
        let again = Zeroizing::new(rpassword::prompt_password("Again: ")?);
        if first != again {
            return Err(Error::Usage("that was not the same password twice".to_owned()));
        }
        chosen(&first)
    }
}

/// The first line of `input`. A password may hold anything but a line's end.
fn from_input(input: impl Read) -> Result<Password, Error> {
    // Room for all of it at once: growing would leave copies behind that are never wiped.
    let most = Password::MOST_BYTES + "\r\n".len();
    let mut text = Zeroizing::new(String::with_capacity(most + 1));
    let read = input.take(u64::try_from(most + 1).unwrap_or(u64::MAX)).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Error::Usage("the password is not UTF-8 text".to_owned()),
        _ => Error::Io(error),
    })?;
    let line = text.split_once('\n').map_or(text.as_str(), |(line, _)| line);
    chosen(line.strip_suffix('\r').unwrap_or(line))
}

fn chosen(text: &str) -> Result<Password, Error> {
    Password::new(text.to_owned()).map_err(|unusable: Unusable| Error::Usage(unusable.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(input: &[u8]) -> Option<String> {
        from_input(input).err().map(|error| error.to_string())
    }

    #[test]
    fn the_first_line_is_the_password_without_its_end() {
        for input in ["pass word", "pass word\n", "pass word\r\n", "pass word\nand more"] {
            assert_eq!(refusal(input.as_bytes()), None, "{input:?}");
            assert!(refusal(input.replace("pass word", "seven77").as_bytes()).is_some(), "{input:?}");
        }
        assert_eq!(refusal("a".repeat(1_024).as_bytes()), None);
    }

    #[test]
    fn what_is_no_password_is_refused_without_being_repeated() {
        for (input, told) in [
            (b"".as_slice(), "at least 8 bytes"),
            (b"\nlong enough", "at least 8 bytes"),
            ("a".repeat(1_025).as_bytes(), "at most 1024 bytes"),
            ("a".repeat(100_000).as_bytes(), "at most 1024 bytes"),
            (b"\xFFlong enough", "not UTF-8"),
        ] {
            let refusal = refusal(input).unwrap();
            assert!(refusal.contains(told) && !refusal.contains("long enough"), "{refusal}");
        }
    }
}
