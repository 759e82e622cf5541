//! A server's process: pinned to a processor, and what it has used.

use std::{
    ffi::OsStr,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Instant, timeout},
};

use super::error::Error;

/// The longest time until a server listens.
const START: Duration = Duration::from_mins(1);

/// A running server, which is killed when this is dropped.
pub(super) struct Process {
    pid: u32,
    lines: Lines<BufReader<ChildStdout>>,
    /// From the start of the program to the line that says where it listens.
    pub(super) start: Duration,
    /// Where it listens.
    pub(super) address: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts a program on this processor, and waits until it prints where it listens.
    pub(super) async fn start<I: AsRef<OsStr>>(
        processor: u32,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = I>,
    ) -> Result<Self, Error> {
        let begin = Instant::now();
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &processor.to_string()]).arg(&program).args(arguments);
        // Servers log what goes wrong, and nothing else.
        command.envs([("NODE_ENV", "production"), ("NODE_NO_WARNINGS", "1"), ("JETON_LOG_LEVEL", "warn")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(Error::NotStarted)?;
        let (pid, mut lines) = (child.id().ok_or(Error::NotStarted)?, BufReader::new(stdout).lines());
        let address = next_address(&mut lines).await?;
        Ok(Self { pid, lines, start: begin.elapsed(), address, child })
    }

    /// Stops the process, and waits until it has ended, so that it takes no time of the next one.
    pub(super) async fn stop(mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Waits for the next line that says where the program listens.
    pub(super) async fn next_address(&mut self) -> Result<SocketAddr, Error> {
        next_address(&mut self.lines).await
    }

    /// Returns the directory that tells about the process (`proc`(5)).
    pub(super) fn directory(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.pid))
    }

    /// Returns the CPU time that the process has used.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        cpu(&self.directory())
    }

    /// Returns the memory that the process has now, and the most that it had, in MiB.
    pub(super) fn memory(&self) -> io::Result<(f64, f64)> {
        let status = fs::read_to_string(self.directory().join("status"))?;
        let mebibytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            kibibytes.unwrap_or_default() / 1024.0
        };
        Ok((mebibytes("VmRSS:"), mebibytes("VmHWM:")))
    }
}

async fn next_address(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<SocketAddr, Error> {
    let line = timeout(START, lines.next_line()).await.map_err(|_| Error::NotStarted)??;
    let line = line.ok_or(Error::NotStarted)?;
    let address = line.split_once("listening on http://").and_then(|(_, address)| address.parse().ok());
    address.ok_or(Error::NotStarted)
}

/// Returns the CPU time that this process has used.
pub(super) fn own_cpu() -> io::Result<Duration> {
    cpu(Path::new("/proc/self"))
}

/// Reads the CPU time of a process: fields 14 and 15 of its `stat`, in hundredths of a second (`proc_pid_stat`(5)).
fn cpu(directory: &Path) -> io::Result<Duration> {
    let stat = fs::read_to_string(directory.join("stat"))?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Pins this process, with all its threads.
pub(super) fn pin_self(processor: u32) -> io::Result<()> {
    let (processor, pid) = (processor.to_string(), std::process::id().to_string());
    let mut command = Blocking::new("taskset");
    let output = command.args(["--all-tasks", "--cpu-list", "--pid", &processor, &pid]).output()?;
    if output.status.success() { Ok(()) } else { Err(io::Error::other("taskset failed")) }
}
