//! Processes: where they run, and what they use.

use std::{
    collections::HashMap,
    env, fs,
    fs::File,
    io,
    net::SocketAddr,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    process::{Signal, kill_process},
    thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity},
};
use shared::secret::Id;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// The core of what is measured.
pub(crate) const MEASURED: usize = 0;
/// The core of the load, and of a database in a process of its own.
pub(crate) const LOAD: usize = 1;

/// How long a process may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a server may take to come to rest.
const REST: Duration = Duration::from_mins(5);

/// The most bytes in an error of what a process has written.
const EXCERPT: usize = 2_000;

/// A running process, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) id: u32,
    /// When it was started.
    pub(crate) begin: Instant,
    /// The addresses that it prints.
    addresses: Option<UnboundedReceiver<SocketAddr>>,
    log: Log,
}

/// The memory of a process, in MiB.
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) peak: f64,
}

impl Process {
    /// Starts the program on this core. Its output is not read.
    pub(crate) fn start(core: usize, mut command: Command) -> io::Result<Self> {
        let log = Log::new()?;
        command.stdout(log.0.try_clone()?);
        Self::spawn(core, command, log)
    }

    /// Starts a server on this core, which prints where it listens.
    pub(crate) fn start_server(core: usize, mut command: Command) -> io::Result<Self> {
        command.stdout(Stdio::piped());
        let mut process = Self::spawn(core, command, Log::new()?)?;
        let (tell, addresses) = unbounded_channel();
        if let Some(output) = process.child.stdout.take() {
            let mut lines = BufReader::new(output).lines();
            // All of the output is read, so that the process can write it.
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    let address = line.split_once("listening on http://").map(|(_, address)| address.parse());
                    if let Some(Ok(address)) = address {
                        let _ = tell.send(address);
                    }
                }
            });
        }
        process.addresses = Some(addresses);
        Ok(process)
    }

    fn spawn(core: usize, mut command: Command, log: Log) -> io::Result<Self> {
        command.stdin(Stdio::null()).stderr(log.0.try_clone()?).kill_on_drop(true);
        let begin = now();
        let child = on_core(core, || command.spawn())?;
        let id = child.id().ok_or_else(|| io::Error::other("the process has ended"))?;
        Ok(Self { child, id, begin, addresses: None, log })
    }

    /// Waits for the next address that a server prints.
    pub(crate) async fn next_address(&mut self) -> io::Result<SocketAddr> {
        let next = async { self.addresses.as_mut()?.recv().await };
        let address = timeout(PATIENCE, next).await.ok().flatten();
        address.ok_or_else(|| self.wrong("the server did not start"))
    }

    /// Returns an error of this process, with the end of what it has written.
    pub(crate) fn wrong(&self, what: &str) -> io::Error {
        wrong(what, &self.log.end().unwrap_or_default())
    }

    /// Waits until the process ends by itself.
    pub(crate) async fn ended(&mut self) {
        let _ = self.child.wait().await;
    }

    /// Kills the process, and waits until it has ended, so that it takes no time of the next one.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Stops the process in order.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        self.signal(Signal::TERM)?;
        self.resume()?;
        timeout(PATIENCE, self.child.wait()).await??;
        Ok(())
    }

    /// Keeps the process from running, so that it does not disturb the measurement of another.
    pub(crate) fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    pub(crate) fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(pid(self.id)?, signal)?)
    }

    /// Returns the processor time of the process so far, with that of threads that have ended, to ten milliseconds.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        cpu(&self.directory())
    }

    /// Returns the processor times of the threads so far, to the nanosecond.
    pub(crate) fn threads(&self) -> io::Result<Threads> {
        let mut threads = HashMap::new();
        for task in fs::read_dir(self.directory().join("task"))? {
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
    pub(crate) async fn rest(&self, quiet: Duration) -> io::Result<Duration> {
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
    pub(crate) fn move_to(&self, core: usize) -> io::Result<()> {
        move_to(&self.directory(), core)
    }

    pub(crate) fn memory(&self) -> io::Result<Memory> {
        let status = fs::read_to_string(self.directory().join("status"))?;
        let field = |name| field(&status, name).ok_or_else(|| self.wrong("the process has ended"));
        Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// Returns the directory that tells about the process (`proc`(5)).
    fn directory(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.id))
    }
}

/// The processor times of a process's threads, in nanoseconds.
pub(crate) struct Threads(HashMap<PathBuf, u64>);

impl Threads {
    /// Returns what the threads have used since `earlier`. The work of a thread that has ended since then is missing: a
    /// server's thread ends after ten seconds without work, so in a shorter time, a thread that ends has done none.
    pub(crate) fn since(&self, earlier: &Self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for (thread, after) in &self.0 {
            let before = earlier.0.get(thread).copied().unwrap_or_default();
            let spent = after.checked_sub(before);
            nanoseconds += spent.ok_or_else(|| io::Error::other("a thread's processor time went back"))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

/// What a process writes that is not read: a file without a name, which is gone when no process has it open.
struct Log(File);

impl Log {
    fn new() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("jeton-bench-{}.log", Id::random()));
        let file = File::options().read(true).append(true).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self(file))
    }

    fn end(&self) -> io::Result<Vec<u8>> {
        let from = self.0.metadata()?.len().saturating_sub(EXCERPT as u64);
        let mut end = vec![0; EXCERPT];
        let read = self.0.read_at(&mut end, from)?;
        end.truncate(read);
        Ok(end)
    }
}

/// Returns an error with the end of what a process has written.
fn wrong(what: &str, written: &[u8]) -> io::Error {
    let end = written.get(written.len().saturating_sub(EXCERPT)..).unwrap_or_default();
    let end = String::from_utf8_lossy(end);
    io::Error::other(format!("{what}: {}", end.trim()).trim_end_matches(": ").to_owned())
}

/// Runs the program to its end, on the core of the load, with this standard input. Returns its output.
pub(crate) async fn run(program: &Path, arguments: &[&str], input: &str) -> io::Result<Vec<u8>> {
    let mut child = command(program, arguments)?;
    if let Some(mut standard_input) = child.stdin.take() {
        standard_input.write_all(input.as_bytes()).await?;
    }
    finished(program, arguments, child.wait_with_output().await?)
}

/// Runs the program to its end, on the core of the load. Returns its output, and its peak memory in MiB, if it ran long
/// enough for a look at it. Linux tells the peak until the program ends: this looks at it each millisecond at first, and
/// then each five.
pub(crate) async fn run_with_peak(program: &Path, arguments: &[&str]) -> io::Result<(Vec<u8>, Option<f64>)> {
    let mut child = command(program, arguments)?;
    drop(child.stdin.take());
    let status = format!("/proc/{}/status", child.id().unwrap_or_default());
    let output = child.wait_with_output();
    tokio::pin!(output);
    let (mut peak, mut looks) = (None, 0);
    loop {
        let pause = Duration::from_millis(if looks < 100 { 1 } else { 5 });
        if let Ok(output) = timeout(pause, &mut output).await {
            return Ok((finished(program, arguments, output?)?, peak));
        }
        looks += 1;
        peak = field(&fs::read_to_string(&status).unwrap_or_default(), "VmHWM:").or(peak);
    }
}

fn command(program: &Path, arguments: &[&str]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    on_core(LOAD, || command.kill_on_drop(true).spawn())
}

fn finished(program: &Path, arguments: &[&str], output: Output) -> io::Result<Vec<u8>> {
    let Output { status, stdout, stderr } = output;
    if status.success() {
        return Ok(stdout);
    }
    Err(wrong(&format!("{} {}: {status}", program.display(), arguments.join(" ")), &stderr))
}

/// Starts something on this core.
fn on_core<T>(core: usize, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let before = sched_getaffinity(None)?;
    sched_setaffinity(None, &only(core))?;
    let started = start();
    sched_setaffinity(None, &before)?;
    started
}

/// Moves all threads of this process, and the processes that it starts, to the load's core.
pub(crate) fn move_to_the_load_core() -> io::Result<()> {
    move_to(Path::new("/proc/self"), LOAD)
}

fn move_to(directory: &Path, core: usize) -> io::Result<()> {
    for task in fs::read_dir(directory.join("task"))? {
        let thread = task?.file_name().to_string_lossy().parse().map_err(io::Error::other)?;
        sched_setaffinity(Some(pid(thread)?), &only(core))?;
    }
    Ok(())
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

fn pid(id: u32) -> io::Result<Pid> {
    let id = id.try_into().ok().and_then(Pid::from_raw);
    id.ok_or_else(|| io::Error::other("no id of a process"))
}

/// Returns the processor time of this process so far, to ten milliseconds.
pub(crate) fn own_cpu() -> io::Result<Duration> {
    cpu(Path::new("/proc/self"))
}

fn cpu(directory: &Path) -> io::Result<Duration> {
    let stat = fs::read_to_string(directory.join("stat"))?;
    ticks(&stat).ok_or_else(|| io::Error::other(format!("{}/stat: {stat:?}", directory.display())))
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

/// Returns the time of a clock that only goes forward.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
