//! The machine and the versions of a run.

use std::{fs, io, process::Command};

use serde::{Deserialize, Serialize};

/// What a benchmark ran on.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The date, such as `2026-11-26`, in UTC.
    pub(crate) date: String,
    /// The model and number of processors.
    pub(crate) processor: String,
    /// The operating system's kernel.
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// The commit of the repository.
    pub(crate) commit: String,
}

impl Machine {
    /// Describes this machine.
    pub(crate) fn this() -> io::Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let mut models =
            cpuinfo.lines().filter_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let (model, count) = (models.next().unwrap_or("unknown").to_owned(), models.count() + 1);
        Ok(Self {
            date: output("date", &["-u", "+%F"])?,
            processor: format!("{count} × {model}"),
            kernel: output("uname", &["-sr"])?,
            rustc: output("rustc", &["--version"])?,
            commit: output("git", &["rev-parse", "--short", "HEAD"])?,
        })
    }
}

fn output(program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
