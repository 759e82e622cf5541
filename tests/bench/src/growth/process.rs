//! Processes: where they run, and what they use.

use std::{
    fs, io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// The core of what is measured.
pub(super) const MEASURED: usize = 0;
/// The core of the load, and of a database in a process of its own.
pub(super) const LOAD: usize = 1;

/// How long a process may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running process, killed when it is dropped.
pub(super) struct Process {
    child: Child,
    id: u32,
}

impl Process {
    /// Starts the program on one core. Its output is not read.
    pub(super) fn start(core: usize, program: &str, arguments: &[&str]) -> io::Result<Self> {
        Self::of(command(core, program, arguments).stdout(Stdio::null()).spawn()?)
    }

    /// Starts the program on one core, and waits for these beginnings of lines of its output. Returns the rests of the
    /// lines.
    pub(super) async fn announcing<const N: usize>(
        core: usize,
        program: &str,
        arguments: &[&str],
        lines: [&str; N],
    ) -> io::Result<(Self, [String; N])> {
        let mut child = command(core, program, arguments).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let process = Self::of(child)?;
        let mut output = BufReader::new(output).lines();
        let mut rests = [const { String::new() }; N];
        for (beginning, rest) in lines.iter().zip(&mut rests) {
            let line = timeout(PATIENCE, output.next_line()).await??.unwrap_or_default();
            let found = line.strip_prefix(beginning);
            let found = found.ok_or_else(|| io::Error::other(format!("{program} printed {line:?}")))?;
            found.clone_into(rest);
        }
        // The rest of the output, so that the process can write it.
        tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
        Ok((process, rests))
    }

    fn of(child: Child) -> io::Result<Self> {
        let id = child.id().ok_or_else(|| io::Error::other("the process has ended"))?;
        Ok(Self { child, id })
    }

    /// Stops the process in order.
    pub(super) async fn stop(mut self) -> io::Result<()> {
        self.signal("-TERM").await?;
        self.resume().await?;
        timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }

    /// Keeps the process from running, so that it does not disturb the measurement of another.
    pub(super) async fn pause(&self) -> io::Result<()> {
        self.signal("-STOP").await
    }

    pub(super) async fn resume(&self) -> io::Result<()> {
        self.signal("-CONT").await
    }

    async fn signal(&self, signal: &str) -> io::Result<()> {
        succeeded("kill", Command::new("kill").args([signal, &self.id.to_string()]).status().await?)
    }

    /// Returns the time on a processor that the process's threads have had so far, except threads that have ended.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id))? {
            // A thread that ends meanwhile is not counted.
            let times = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds +=
                times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Returns the memory in use, in MiB.
    pub(super) fn memory(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        field(&status, "VmRSS:").ok_or_else(|| io::Error::other("the process has ended"))
    }
}

/// Runs the program to its end. Returns its output, and its peak memory in MiB.
pub(super) async fn run(core: usize, program: &str, arguments: &[&str]) -> io::Result<(Vec<u8>, f64)> {
    let child = command(core, program, arguments).stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id().unwrap_or_default());
    let output = child.wait_with_output();
    tokio::pin!(output);
    let mut peak = 0.0;
    loop {
        if let Ok(output) = timeout(Duration::from_millis(5), &mut output).await {
            let output = output?;
            succeeded(program, output.status)?;
            return Ok((output.stdout, peak));
        }
        let now = fs::read_to_string(&status).unwrap_or_default();
        peak = field(&now, "VmHWM:").unwrap_or(peak);
    }
}

/// Moves all threads of this process to the load's core.
pub(super) async fn move_to_the_load_core() -> io::Result<()> {
    let (core, id) = (LOAD.to_string(), std::process::id().to_string());
    let mut command = Command::new("taskset");
    let status = command.args(["-a", "-c", "-p", &core, &id]).stdout(Stdio::null()).status().await?;
    succeeded("taskset", status)
}

fn command(core: usize, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]).args(arguments);
    command.kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn succeeded(program: &str, status: ExitStatus) -> io::Result<()> {
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program}: {status}"))) }
}

/// Returns a field of /proc/…/status in MiB.
fn field(status: &str, name: &str) -> Option<f64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?;
    Some(value.parse::<f64>().ok()? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_mib() {
        assert_eq!(field("Name:\tjeton\nVmRSS:\t   2048 kB\n", "VmRSS:"), Some(2.0));
        assert_eq!(field("Name:\tjeton\n", "VmRSS:"), None);
    }

    #[tokio::test]
    async fn a_failed_program_is_an_error() {
        assert!(run(MEASURED, "false", &[]).await.is_err());
        let (output, _) = run(MEASURED, "echo", &["done"]).await.unwrap();
        assert_eq!(output, b"done\n");
    }
}
