//! Output of commands: tables and sentences for people, JSON for scripts.

use std::{
    fmt,
    io::{self, Write},
};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use shared::time::Timestamp;
use time::{OffsetDateTime, macros::format_description};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON if `json`, else text.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints `json` or `text` to standard output.
    pub(crate) fn print(self, json: &Value, text: &str) -> io::Result<()> {
        // The command has succeeded even if standard output has no reader.
        write(format!("{}\n", self.select(json, text)).as_bytes()).map(drop)
    }

    /// Writes `json` or `text` to standard output. Without a reader, it is an error.
    pub(super) fn deliver(self, json: &Value, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", self.select(json, text))?;
        out.flush()
    }

    fn select(self, json: &Value, text: &str) -> String {
        if self.json { json.to_string() } else { text.to_owned() }
    }
}

/// Whether standard output has a reader. A reader such as `head` stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Present,
    Gone,
}

/// Writes to standard output.
pub(crate) fn write(text: &[u8]) -> io::Result<Reader> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::Present),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

/// Returns the text without control characters, which a terminal would obey.
pub(super) fn printable(text: impl fmt::Display) -> String {
    text.to_string().chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// Returns a time as `2026-11-21 22:32:40 UTC`.
pub(super) fn utc(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let time = i64::try_from(at.seconds())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(format).ok()).unwrap_or_else(|| at.seconds().to_string())
}

/// Returns a duration as `90 s`, `3600 s (1 h)` or `2592000 s (30 d)`.
pub(super) fn seconds(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        _ if seconds.is_multiple_of(86_400) => format!("{seconds} s ({} d)", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{seconds} s ({} h)", seconds / 3_600),
        _ => format!("{seconds} s"),
    }
}

/// Returns `text`, or `none` if it is empty.
pub(super) fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Returns the words, separated by spaces.
pub(super) fn words<T: ToString>(words: &[T]) -> String {
    words.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns the lines, or `none`.
pub(super) fn lines(lines: impl Iterator<Item = String>) -> String {
    or_none(lines.collect::<Vec<_>>().join("\n"))
}

pub(super) fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// Returns a table of columns with headings.
pub(super) fn columns<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = plain();
    table.set_header(headings);
    for row in rows {
        table.add_row(row);
    }
    flush_left(table)
}

/// Returns a table with a name and a value in each row.
pub(super) fn properties<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = plain();
    for (name, value) in rows {
        table.add_row([name, &value]);
    }
    flush_left(table)
}

fn flush_left(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_hours_and_days_are_printed_beside_the_seconds() {
        for (duration, expected) in [
            (0, "0 s"),
            (60, "60 s"),
            (3_599, "3599 s"),
            (3_600, "3600 s (1 h)"),
            (90_000, "90000 s (25 h)"),
            (2_592_000, "2592000 s (30 d)"),
        ] {
            assert_eq!(seconds(duration), expected);
        }
    }
}
