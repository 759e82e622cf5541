//! The log: one JSON object per line.
//!
//! # Design
//! A line is made from a typed record, never from a format string, so the record's declaration decides what can be
//! logged. No `tracing` subscriber is installed: the AWS SDK's trace output contains whole request bodies, and without
//! a subscriber no setting can enable it.

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use strum::EnumString;

/// Severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Level {
    /// Jeton could not serve a request; an administrator should look.
    Error,
    /// A request was refused, or did what an alarm counts.
    Warn,
    /// A request succeeded and changed something.
    Info,
    /// Details for troubleshooting.
    Debug,
}

/// A destination of log lines, with the least severe level that is written. A clone has the same destination.
#[derive(Clone)]
pub struct Log {
    most: Level,
    out: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl Log {
    /// Creates a log that writes lines of `most` and more severe levels to `out`.
    pub fn new(most: Level, out: impl Write + Send + 'static) -> Self {
        Self { most, out: Arc::new(Mutex::new(Box::new(out))) }
    }

    /// Creates a log on standard output, which Lambda sends to CloudWatch.
    pub fn stdout(most: Level) -> Self {
        Self::new(most, io::stdout())
    }

    /// Writes `record` as one line. A line that cannot be written is lost: a full disk must not prevent a revocation.
    pub fn write(&self, level: Level, record: &impl Serialize) {
        #[derive(Serialize)]
        struct Line<'a, R> {
            level: Level,
            #[serde(flatten)]
            record: &'a R,
        }

        if level > self.most {
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(&Line { level, record }) {
            line.push(b'\n');
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = out.write_all(&line).and_then(|()| out.flush());
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("most", &self.most).finish_non_exhaustive()
    }
}
