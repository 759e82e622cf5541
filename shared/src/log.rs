//! What a function writes to its log: one JSON object a line.
//!
//! # Design
//! A line is made from a typed record, never from a format string, so that what may be logged is decided where the
//! record is declared. No `tracing` subscriber is installed anywhere: the AWS SDK's own trace output contains whole
//! request bodies, and without a subscriber there is no setting that lets it out.

use std::{
    fmt,
    io::{self, Write},
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Somebody should look: Jeton could not do what it was asked to.
    Error,
    /// A request was refused.
    Warn,
    /// A request did something worth remembering.
    Info,
    /// For finding faults.
    Debug,
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "error" => Ok(Self::Error),
            "warn" => Ok(Self::Warn),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            _ => Err(()),
        }
    }
}

/// Where lines go, and which of them.
pub struct Log {
    most: Level,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Log {
    /// A log that writes lines up to `most` to `out`.
    pub fn new(most: Level, out: impl Write + Send + 'static) -> Self {
        Self { most, out: Mutex::new(Box::new(out)) }
    }

    /// A log on standard output, where Lambda picks it up.
    pub fn stdout(most: Level) -> Self {
        Self::new(most, io::stdout())
    }

    /// Writes `record` as one line. A line that cannot be written is lost: a full disk must not stop a revocation.
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
