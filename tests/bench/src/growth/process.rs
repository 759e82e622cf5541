//! Processes: where they run, and what they use.

use std::{
    collections::HashMap,
    env, fs,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use shared::secret::Id;
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

/// How long a server may take to come to rest.
const REST: Duration = Duration::from_mins(5);

/// A running process, killed when it is dropped.
pub(super) struct Process {
    child: Child,
    id: u32,
    complaints: Complaints,
}

impl Process {
    /// Starts the program on one core. Its output is not read.
    pub(super) fn start(core: usize, program: &str, arguments: &[&str]) -> io::Result<Self> {
        let (mut command, complaints) = command(core, program, arguments)?;
        Self::of(command.stdout(Stdio::null()).spawn()?, complaints)
    }

    /// Starts the program on one core, and waits for these beginnings of lines of its output. Returns the rests of the
    /// lines.
    pub(super) async fn announcing<const N: usize>(
        core: usize,
        program: &str,
        arguments: &[&str],
        lines: [&str; N],
    ) -> io::Result<(Self, [String; N])> {
        let (mut command, complaints) = command(core, program, arguments)?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let process = Self::of(child, complaints)?;
        let mut output = BufReader::new(output).lines();
        let mut rests = [const { String::new() }; N];
        for (beginning, rest) in lines.iter().zip(&mut rests) {
            let line = timeout(PATIENCE, output.next_line()).await??.unwrap_or_default();
            let found = line.strip_prefix(beginning);
            let wrong = || process.wrong(&format!("{program} printed {line:?}"));
            found.ok_or_else(wrong)?.clone_into(rest);
        }
        // The rest of the output, so that the process can write it.
        tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
        Ok((process, rests))
    }

    fn of(child: Child, complaints: Complaints) -> io::Result<Self> {
        let id = child.id().ok_or_else(|| io::Error::other("the process has ended"))?;
        Ok(Self { child, id, complaints })
    }

    /// Returns an error of this process, with the last line of its standard error.
    pub(super) fn wrong(&self, what: &str) -> io::Error {
        self.complaints.error(what)
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

    /// Returns the processor time of the process so far, with that of threads that have ended, to ten milliseconds.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        ticks(&stat).ok_or_else(|| self.wrong(&format!("/proc/{}/stat: {stat:?}", self.id)))
    }

    /// Returns the processor times of the threads so far, to the nanosecond.
    pub(super) fn threads(&self) -> io::Result<Threads> {
        let mut threads = HashMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.id))? {
            let path = task?.path().join("schedstat");
            // A thread that has ended meanwhile has no file.
            let Ok(times) = fs::read_to_string(&path) else { continue };
            let time = times.split(' ').next().and_then(|time| time.parse().ok());
            let wrong = || self.wrong(&format!("{}: {times:?}", path.display()));
            threads.insert(path.clone(), time.ok_or_else(wrong)?);
        }
        Ok(Threads(threads))
    }

    /// Waits until the process has used at most a twentieth of a processor for this long, so that no work of its own
    /// disturbs a measurement. Returns its processor time so far.
    pub(super) async fn rest(&self, quiet: Duration) -> io::Result<Duration> {
        let resting = async {
            loop {
                let before = self.cpu()?;
                tokio::time::sleep(quiet).await;
                let after = self.cpu()?;
                if after <= before + quiet / 20 {
                    return Ok(after);
                }
            }
        };
        timeout(REST, resting).await.map_err(|_| self.wrong("the server does not come to rest"))?
    }

    /// Moves all threads of the process to this core.
    pub(super) async fn move_to(&self, core: usize) -> io::Result<()> {
        move_to(self.id, core).await
    }

    /// Returns the memory in use, in MiB.
    pub(super) fn memory(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        field(&status, "VmRSS:").ok_or_else(|| io::Error::other("the process has ended"))
    }
}

/// The processor times of a process's threads, in nanoseconds.
pub(super) struct Threads(HashMap<PathBuf, u64>);

impl Threads {
    /// Returns what the threads have used since `earlier`. The work of a thread that has ended since then is missing: a
    /// server's thread ends after ten seconds without work, so in a shorter time, a thread that ends has done none.
    pub(super) fn since(&self, earlier: &Self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for (thread, after) in &self.0 {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            let spent = after.checked_sub(before);
            nanoseconds += spent.ok_or_else(|| io::Error::other("a thread's processor time went back"))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

/// What a process writes to standard error: a file without a name, which is gone when no process has it open.
struct Complaints(File);

impl Complaints {
    fn new() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("jeton-bench-{}.log", Id::random()));
        let file = File::options().read(true).append(true).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self(file))
    }

    fn error(&self, what: &str) -> io::Error {
        match self.last_line() {
            Ok(Some(line)) => io::Error::other(format!("{what}: {line}")),
            Ok(None) | Err(_) => io::Error::other(what.to_owned()),
        }
    }

    fn last_line(&self) -> io::Result<Option<String>> {
        let from = self.0.metadata()?.len().saturating_sub(4_096);
        let mut end = vec![0; 4_096];
        let read = self.0.read_at(&mut end, from)?;
        end.truncate(read);
        let text = String::from_utf8_lossy(&end);
        Ok(text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned))
    }
}

/// Runs the program to its end. Returns its output.
pub(super) async fn run(core: usize, program: &str, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let (mut command, complaints) = command(core, program, arguments)?;
    // `Command::output` would take standard error, too.
    finished(program, command.stdout(Stdio::piped()).spawn()?.wait_with_output().await?, &complaints)
}

/// Runs the program to its end. Returns its output, and its peak memory in MiB, if it ran long enough for a look at it.
/// Linux tells the peak until the program ends: this looks at it each millisecond at first, and then each five.
pub(super) async fn run_with_peak(
    core: usize,
    program: &str,
    arguments: &[&str],
) -> io::Result<(Vec<u8>, Option<f64>)> {
    let (mut command, complaints) = command(core, program, arguments)?;
    let child = command.stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id().unwrap_or_default());
    let output = child.wait_with_output();
    tokio::pin!(output);
    let (mut peak, mut looks) = (None, 0);
    loop {
        let pause = Duration::from_millis(if looks < 100 { 1 } else { 5 });
        if let Ok(output) = timeout(pause, &mut output).await {
            return Ok((finished(program, output?, &complaints)?, peak));
        }
        looks += 1;
        let now = fs::read_to_string(&status).unwrap_or_default();
        // The process begins as `taskset`, whose memory is not the program's.
        if !now.starts_with("Name:\ttaskset\n") {
            peak = field(&now, "VmHWM:").or(peak);
        }
    }
}

fn finished(program: &str, output: Output, complaints: &Complaints) -> io::Result<Vec<u8>> {
    let Output { status, stdout, .. } = output;
    if status.success() { Ok(stdout) } else { Err(complaints.error(&format!("{program}: {status}"))) }
}

/// Moves all threads of this process to the load's core.
pub(super) async fn move_to_the_load_core() -> io::Result<()> {
    move_to(std::process::id(), LOAD).await
}

async fn move_to(id: u32, core: usize) -> io::Result<()> {
    let mut command = Command::new("taskset");
    command.args(["-a", "-c", "-p", &core.to_string(), &id.to_string()]);
    succeeded("taskset", command.stdout(Stdio::null()).status().await?)
}

fn command(core: usize, program: &str, arguments: &[&str]) -> io::Result<(Command, Complaints)> {
    let (mut command, complaints) = (Command::new("taskset"), Complaints::new()?);
    command.args(["-c", &core.to_string(), program]).args(arguments);
    command.kill_on_drop(true).stdin(Stdio::null()).stderr(complaints.0.try_clone()?);
    Ok((command, complaints))
}

fn succeeded(program: &str, status: ExitStatus) -> io::Result<()> {
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program}: {status}"))) }
}

/// Returns the processor time in /proc/…/stat: fields 14 and 15, in hundredths of a second (`proc_pid_stat`(5)).
fn ticks(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some(Duration::from_millis((user + system) * 10))
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

    #[test]
    fn processor_time_is_that_of_user_and_system() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 3 0 0 20 0 9 0 55 1 2";
        assert_eq!(ticks(stat), Some(Duration::from_millis(150)));
        assert_eq!(ticks("7 (jeton) S 1"), None);
    }

    #[test]
    fn a_thread_that_began_later_counts_and_one_that_ended_does_not() {
        let threads =
            |all: &[(&str, u64)]| Threads(all.iter().map(|(id, time)| (id.into(), *time)).collect());
        let (earlier, later) = (threads(&[("1", 10), ("2", 50)]), threads(&[("1", 15), ("3", 2)]));
        assert_eq!(later.since(&earlier).unwrap(), Duration::from_nanos(7));
        assert!(earlier.since(&threads(&[("1", 11)])).is_err());
    }

    #[tokio::test]
    async fn a_failed_program_is_an_error_with_the_last_line_of_its_standard_error() {
        let error = run(MEASURED, "sh", &["-c", "echo first >&2; echo last >&2; exit 3"]).await.unwrap_err();
        assert_eq!(error.to_string(), "sh: exit status: 3: last");
        assert!(run(MEASURED, "false", &[]).await.is_err());
        assert_eq!(run(MEASURED, "echo", &["done"]).await.unwrap(), b"done\n");
    }

    #[tokio::test]
    async fn the_peak_of_a_short_program_is_known() {
        let (output, peak) = run_with_peak(MEASURED, "sh", &["-c", "sleep 0.1; echo done"]).await.unwrap();
        assert_eq!(output, b"done\n");
        assert!(peak.unwrap() > 0.1, "{peak:?}");
    }
}
