//! The secrets of new clients: in a file, or on standard output.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, io::Errno, process::geteuid};
use serde_json::json;
use shared::{
    oauth::ClientId,
    secret::{ClientSecret, Secret},
};

use crate::admin::output::Output;

/// The record of the secrets of new clients: on standard output, or in a file.
///
/// # Design
/// A secret is recorded before its client is created. If the command is killed between the two, the next run records another
/// secret for the client: the last line of a client counts. A record is retracted only if the client certainly has another
/// secret: a line of the file is removed, and a printed one is followed by a line without a secret. The lock keeps two
/// commands from writing the same file.
pub(super) struct Secrets {
    place: Place,
    recorded: usize,
}

enum Place {
    Output(Output),
    File {
        path: PathBuf,
        file: File,
        /// The length of the file before the last record.
        before: u64,
    },
}

/// The reason why the file cannot store secrets.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSecretsFile {
    #[error("{}: {error}", file.display())]
    Unusable { file: PathBuf, error: io::Error },
    #[error("{} can be read by other users: chmod 600 it", .0.display())]
    Readable(PathBuf),
    #[error("{} belongs to another user", .0.display())]
    Foreign(PathBuf),
    #[error("{} is no regular file", .0.display())]
    NoFile(PathBuf),
    #[error("{} is in use by another command", .0.display())]
    Locked(PathBuf),
}

impl Secrets {
    /// Records the secrets on standard output.
    pub(super) const fn printed(output: Output) -> Self {
        Self { place: Place::Output(output), recorded: 0 }
    }

    /// Records the secrets at the end of the file at `path`, which is created for its owner only.
    pub(super) fn in_file(path: &Path) -> Result<Self, InvalidSecretsFile> {
        let unusable = |error| InvalidSecretsFile::Unusable { file: path.to_owned(), error };
        let file = open(path).map_err(|error| match Errno::from_io_error(&error) {
            // A symbolic link, or a socket.
            Some(Errno::LOOP | Errno::NXIO) => InvalidSecretsFile::NoFile(path.to_owned()),
            _ => unusable(error),
        })?;
        let metadata = file.metadata().map_err(unusable)?;
        if !metadata.is_file() {
            return Err(InvalidSecretsFile::NoFile(path.to_owned()));
        }
        if metadata.uid() != geteuid().as_raw() {
            return Err(InvalidSecretsFile::Foreign(path.to_owned()));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(InvalidSecretsFile::Readable(path.to_owned()));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(InvalidSecretsFile::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let before = end_last_line(&file).map_err(unusable)?;
        let place = Place::File { path: path.to_owned(), file, before };
        Ok(Self { place, recorded: 0 })
    }

    /// Records the secret. When this returns, it is printed, or the file is on the disk.
    pub(super) fn record(&mut self, client: &ClientId, secret: &Secret<ClientSecret>) -> io::Result<()> {
        let secret = secret.expose();
        let line = json!({ "client_id": client, "client_secret": secret });
        match &mut self.place {
            Place::Output(output) => {
                output.deliver(&line, &format!("The secret of client {client}: {secret}"))?;
            }
            Place::File { file, before, .. } => {
                *before = file.metadata()?.len();
                let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
                if written.is_err() {
                    // If this fails, too, the next command ends the line.
                    let _ = file.set_len(*before);
                }
                written?;
            }
        }
        self.recorded += 1;
        Ok(())
    }

    /// Retracts the last record: its client has another secret.
    pub(super) fn retract(&mut self, client: &ClientId) -> io::Result<()> {
        match &mut self.place {
            Place::Output(output) => output.deliver(
                &json!({ "client_id": client, "client_secret": null }),
                &format!("The secret of client {client} is void: another command has created the client."),
            )?,
            Place::File { file, before, .. } => {
                file.set_len(*before)?;
                file.sync_all()?;
            }
        }
        self.recorded -= 1;
        Ok(())
    }

    /// Returns the number of records that were not retracted.
    pub(super) const fn recorded(&self) -> usize {
        self.recorded
    }

    /// Returns a sentence about the secrets, if there are any.
    pub(super) fn text(&self) -> Option<String> {
        Some(match (self.recorded, &self.place) {
            (0, _) => return None,
            (_, Place::Output(_)) => "Store the secrets now: they are not shown again.".to_owned(),
            (1, Place::File { path, .. }) => format!("One secret was appended to {}.", path.display()),
            (number, Place::File { path, .. }) => {
                format!("{number} secrets were appended to {}.", path.display())
            }
        })
    }
}

/// Opens the file to append to it, and follows no symbolic link. Creates it for its owner only.
fn open(path: &Path) -> io::Result<File> {
    // Without `NONBLOCK`, opening a pipe or a terminal may wait for its other end.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600).custom_flags(flags);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
        Ok(file) => {
            // Else a failure of the system could lose the new file with its secrets.
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(file)
        }
    }
}

/// Ends the last line of the file, if a command was interrupted in it. Returns the length of the file.
fn end_last_line(mut file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if let Some(offset) = length.checked_sub(1) {
        file.read_exact_at(&mut last, offset)?;
    }
    if last == [b'\n'] {
        return Ok(length);
    }
    file.write_all(b"\n")?;
    Ok(length + 1)
}
