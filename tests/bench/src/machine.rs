//! The machine and the versions of a run.

use std::{fmt, fs, io, process::Command};

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
    /// The commit of the repository, such as `1e9d5e3`; with changes that are not committed, `1e9d5e3-dirty`.
    pub(crate) commit: String,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, processor, kernel, rustc, commit } = self;
        write!(f, "Measured on {date} at commit {commit}: {processor}, {kernel}, {rustc}.")
    }
}

impl Machine {
    /// Describes this machine.
    pub(crate) fn this() -> io::Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let count = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let model = model.unwrap_or(std::env::consts::ARCH);
        Ok(Self {
            date: output("date", &["-u", "+%F"])?,
            processor: format!("{count} × {model}"),
            kernel: output("uname", &["-sr"])?,
            rustc: output("rustc", &["--version"])?,
            commit: output("git", &["describe", "--always", "--dirty"])?,
        })
    }
}

fn output(program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program}: {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
