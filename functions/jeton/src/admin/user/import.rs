//! `jeton user import`

use std::{
    cell::RefCell,
    collections::HashSet,
    fs::File,
    future,
    io::{self, BufRead, BufReader, Read},
    mem,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use shared::{
    audit::UserChange,
    dynamodb::{self, MOST_AT_ONCE, Outage},
    oauth::ClientId,
    secret::Id,
    status::Principal,
    users::{Import, Imported},
};

use super::{import_error::BadLine, import_line::Line, import_names::Names};
use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput},
    progress::Progress,
};

/// The most users that are written at the same time. At 20 ms and six write units each, that is below what a new table on
/// demand accepts: 4,000 write units a second.
const AT_ONCE: usize = 8;
/// The most bad lines in the JSON output.
const MOST_BAD_LINES: usize = 1_000;
/// The waits between the attempts of one request.
const WAITS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

#[derive(Debug, Args)]
pub struct Arguments {
    /// The file, with one JSON object in each line; `-` is standard input. Users whose name exists are left alone, so that
    /// an interrupted import can be run again
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The attribute (Cognito) or field (Django) that becomes the login name, such as `email` [default: the user name]. Not
    /// for an export of Jeton
    #[arg(long, value_name = "ATTRIBUTE")]
    username_from: Option<String>,
    /// Check the file, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Creates the users in the file.
pub(super) async fn import(admin: &Admin, arguments: Arguments) -> Result<(), Error> {
    let mut lines = Lines::open(&arguments.file)?;
    let progress = Progress::of_bytes("Importing users", lines.size);
    let mut importer = Importer {
        admin,
        progress,
        dry_run: arguments.dry_run,
        names: Names::default(),
        counts: Counts::default(),
        bad_lines: Vec::new(),
    };
    let read = importer.read(&mut lines, arguments.username_from.as_deref()).await;
    let Counts { created, existing, bad } = importer.counts;
    importer.bad_lines.sort_unstable_by_key(|line| line.line);
    if read.is_err() {
        importer
            .progress
            .message(&format!("{created} users were created; run the same command again for the rest"));
    }
    drop(importer.progress);
    read?;
    let json = json!({
        "created": created,
        "existing": existing,
        "bad": bad,
        "bad_lines": importer.bad_lines,
        "dry_run": arguments.dry_run,
    });
    let created_as = if arguments.dry_run { "to create" } else { "created" };
    admin.print(&json, &format!("{created} {created_as}, {existing} existing, {bad} bad"))?;
    if bad == 0 { Ok(()) } else { Err(InvalidInput::BadLines(bad).into()) }
}

/// Repeats `request` after waits, while DynamoDB does not respond, throttles or fails. A long import is likely to meet such
/// errors.
async fn persistently<T>(
    request: impl AsyncFn() -> Result<T, dynamodb::Error>,
) -> Result<T, dynamodb::Error> {
    for wait in WAITS {
        match request().await {
            Err(dynamodb::Error::Unavailable { outage, .. }) if is_passing(&outage) => {}
            Err(dynamodb::Error::Conflict(_)) => {}
            result => return result,
        }
        tokio::time::sleep(wait).await;
    }
    request().await
}

/// Returns whether the same request may succeed later.
fn is_passing(outage: &Outage) -> bool {
    match outage {
        Outage::TimedOut | Outage::NoConnection | Outage::MalformedResponse | Outage::LeftOver => true,
        Outage::Service(code) => {
            ["Throttl", "Exceeded", "Internal", "Unavailable"].iter().any(|word| code.contains(word))
        }
        Outage::NotSent | Outage::NotBuilt(_) | Outage::NoSuchTable | Outage::Unknown => false,
    }
}

#[derive(Default)]
struct Counts {
    created: u64,
    existing: u64,
    bad: u64,
}

struct Importer<'a> {
    admin: &'a Admin,
    progress: Progress,
    dry_run: bool,
    names: Names,
    counts: Counts,
    /// The first [`MOST_BAD_LINES`].
    bad_lines: Vec<ReportedLine>,
}

/// A bad line in the JSON output.
#[derive(Serialize)]
struct ReportedLine {
    line: u64,
    reason: String,
}

impl Importer<'_> {
    /// Creates the users in `lines`.
    async fn read(&mut self, lines: &mut Lines, username_from: Option<&str>) -> Result<(), Error> {
        let mut batch = Batch::default();
        while let Some((number, line)) = lines.next()? {
            self.progress.advance(mem::take(&mut lines.read));
            let line = line.and_then(|line| Line::parse(&line, username_from));
            match line.and_then(|line| Ok(self.names.add(&line.username, number).map(|()| line)?)) {
                Ok(line) => {
                    if !batch.has_room_for(&line) {
                        self.write(mem::take(&mut batch)).await?;
                    }
                    batch.add(number, line);
                }
                Err(reason) => self.bad(number, &reason),
            }
        }
        self.write(batch).await
    }

    /// Creates the users of `batch`.
    ///
    /// # Design
    /// The write decides whether a name is taken. The read before it makes a second run over the same file cheap: a
    /// transaction costs its write units also if it fails. That no client has the `sub` is checked by a read only, as it is
    /// for the ids of clients in `jeton apply`: the two must not run at the same time.
    async fn write(&mut self, batch: Batch) -> Result<(), Error> {
        let users = &self.admin.app.users;
        let names: Vec<_> = batch.lines.iter().map(|(_, line)| &line.username).collect();
        let existing = persistently(|| users.subs_of(&names)).await?;
        let subs: Vec<_> = batch.subs.into_iter().collect();
        let clients: Vec<_> = subs.iter().map(|sub| Principal::Client(ClientId::from(*sub))).collect();
        let statuses = persistently(|| self.admin.app.statuses.find(&clients)).await?;
        let of_clients: HashSet<_> =
            subs.into_iter().zip(statuses).filter_map(|(sub, status)| status.map(|_| sub)).collect();
        let now = self.admin.app.clock.now();
        let mut new = Vec::new();
        for ((number, line), existing) in batch.lines.into_iter().zip(existing) {
            match (existing, line.sub) {
                (Some(sub), _) => self.existing(number, &line, sub),
                (None, Some(sub)) if of_clients.contains(&sub) => {
                    self.bad(number, &BadLine::SubOfClient(sub));
                }
                (None, _) => match line.import(now) {
                    Ok(import) => new.push((number, line, import)),
                    Err(reason) => self.bad(number, &reason.into()),
                },
            }
        }
        if self.dry_run {
            self.counts.created += new.len() as u64;
            return Ok(());
        }
        let write = |(number, line, import): (u64, Line, Import)| async move {
            let outcome = persistently(|| users.import(&import)).await;
            (number, line, import, outcome)
        };
        // After a failure no write begins, but those that have begun may be made: they are counted and logged.
        let failure = RefCell::new(None);
        let new = stream::iter(new).take_while(|_| future::ready(failure.borrow().is_none()));
        let mut writes = new.map(write).buffer_unordered(AT_ONCE);
        while let Some((number, line, import, outcome)) = writes.next().await {
            match outcome {
                Ok(Imported::Created) => self.created(&import),
                Ok(Imported::Existing(owner)) => self.existing(number, &line, owner),
                Ok(Imported::SubTaken) => self.bad(number, &BadLine::SubTaken(import.user.sub)),
                Err(error) => {
                    failure.borrow_mut().get_or_insert(error);
                }
            }
        }
        failure.take().map_or(Ok(()), |error| Err(error.into()))
    }

    /// Counts and logs a user that was created.
    fn created(&mut self, import: &Import) {
        let sub = import.user.sub;
        self.counts.created += 1;
        self.admin.audit_user(sub, UserChange::Created);
        if import.disabled {
            self.admin.audit_user(sub, UserChange::Disabled);
        }
        for _ in &import.roles {
            self.admin.audit_user(sub, UserChange::RoleGranted);
        }
        if let Some(claims) = &import.claims {
            self.admin.audit_claims(sub, &claims.names());
        }
    }

    /// Counts a user whose name exists, as the user `owner`.
    fn existing(&mut self, number: u64, line: &Line, owner: Id) {
        self.counts.existing += 1;
        if let Some(sub) = line.sub.filter(|sub| *sub != owner) {
            let name = &line.username;
            self.progress.message(&format!(
                "line {number}: {name} exists with the sub {owner}, not {sub}; left alone"
            ));
        }
    }

    fn bad(&mut self, number: u64, reason: &BadLine) {
        self.counts.bad += 1;
        self.progress.message(&format!("line {number}: {reason}"));
        if self.bad_lines.len() < MOST_BAD_LINES {
            self.bad_lines.push(ReportedLine { line: number, reason: reason.to_string() });
        }
    }
}

/// Lines that are read and written together. No two have the same name, or the same `sub`: their transactions would
/// collide.
#[derive(Default)]
struct Batch {
    lines: Vec<(u64, Line)>,
    subs: HashSet<Id>,
}

impl Batch {
    fn has_room_for(&self, line: &Line) -> bool {
        let is_new = line.sub.is_none_or(|sub| !self.subs.contains(&sub));
        is_new && self.lines.len() < MOST_AT_ONCE
    }

    fn add(&mut self, number: u64, line: Line) {
        self.subs.extend(line.sub);
        self.lines.push((number, line));
    }
}

/// The lines of a file, one in memory at a time.
struct Lines {
    input: Box<dyn BufRead>,
    /// The size of the file, if it is one.
    size: Option<u64>,
    /// The number of the last line.
    number: u64,
    /// The bytes read since they were last taken.
    read: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Error> {
        let (input, size): (Box<dyn BufRead>, _) = if path == Path::new("-") {
            (Box::new(io::stdin().lock()), None)
        } else {
            let unreadable = |error| InvalidInput::ImportFile(path.to_owned(), error);
            let file = File::open(path).map_err(unreadable)?;
            let metadata = file.metadata().map_err(unreadable)?;
            (Box::new(BufReader::new(file)), metadata.is_file().then_some(metadata.len()))
        };
        Ok(Self { input, size, number: 0, read: 0 })
    }

    /// Returns the next line that is not empty, with its number.
    fn next(&mut self) -> io::Result<Option<(u64, Result<String, BadLine>)>> {
        loop {
            let mut line = Vec::new();
            let read = self.read_line(&mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() > Line::MOST_BYTES {
                while !line.ends_with(b"\n") && self.read_line(&mut line)? > 0 {}
                return Ok(Some((self.number, Err(BadLine::TooLong(Line::MOST_BYTES)))));
            }
            let text = String::from_utf8(line).map_err(|_| BadLine::NotJson);
            if text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
                continue;
            }
            return Ok(Some((self.number, text)));
        }
    }

    /// Replaces `line` by the next part of the input: at most one line, and one byte more than a line may have.
    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        line.clear();
        let most = u64::try_from(Line::MOST_BYTES + 1).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(most).read_until(b'\n', line)?;
        self.read += read as u64;
        Ok(read)
    }
}
