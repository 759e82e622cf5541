//! The share of a processor that AWS gives a function.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The memory at which AWS gives a function one whole processor, in MB.
const WHOLE: u32 = 1_769;
/// The period of the limit, in µs.
const PERIOD: u32 = 20_000;

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
