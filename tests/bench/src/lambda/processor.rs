//! The processors: one for the measured process, one for everything else; and the share that AWS gives a function.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::thread::{CpuSet, sched_setaffinity};

/// The processor of the measured process.
const SUBJECT: usize = 0;
/// The processor of the driver and the database.
const OTHERS: usize = 1;

/// The memory at which AWS gives a function one whole processor, in MB.
const WHOLE: u32 = 1_769;
/// The period of the limit, in µs.
const PERIOD: u32 = 20_000;

/// Keeps this thread, and the processes that it starts, on the processor of the driver.
pub(crate) fn keep_off_the_subject() -> io::Result<()> {
    Ok(sched_setaffinity(None, &only(OTHERS))?)
}

/// Starts a process on the processor of the measured process.
pub(crate) fn on_its_own<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    sched_setaffinity(None, &only(SUBJECT))?;
    let started = start();
    keep_off_the_subject()?;
    started
}

fn only(processor: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(processor);
    set
}

/// A control group that limits the processor time of its processes.
pub(crate) struct Limit(PathBuf);

/// The versions of control groups.
enum Version {
    One,
    Two,
}

impl Limit {
    /// Makes the group for the share of a function with this memory in MB.
    pub(crate) fn of(memory: u32) -> io::Result<Self> {
        let quota = PERIOD * memory / WHOLE;
        let (version, root) = root();
        let group = root.join(format!("jeton-bench-{}", std::process::id()));
        fs::create_dir_all(&group)?;
        let limit = Self(group);
        match version {
            Version::One => {
                fs::write(limit.0.join("cpu.cfs_period_us"), PERIOD.to_string())?;
                fs::write(limit.0.join("cpu.cfs_quota_us"), quota.to_string())?;
            }
            Version::Two => fs::write(limit.0.join("cpu.max"), format!("{quota} {PERIOD}"))?,
        }
        Ok(limit)
    }

    /// Limits the process from now on.
    pub(crate) fn apply(&self, pid: u32) -> io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // Once its processes have ended.
        let _ = fs::remove_dir(&self.0);
    }
}

fn root() -> (Version, PathBuf) {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        (Version::Two, root.to_owned())
    } else {
        (Version::One, root.join("cpu"))
    }
}

/// Returns the processor time of a process, in ns.
pub(crate) fn time(pid: u32) -> io::Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(sum)
}

/// Returns the most memory that a process has had at a time, in KiB.
pub(crate) fn peak(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    peak.ok_or_else(|| io::Error::other("no VmHWM"))
}
