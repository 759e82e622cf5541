//! Directories for what a benchmark stores.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use shared::secret::Id;

/// A new directory, which is deleted when this is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("jeton-bench-{}", Id::random()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path of a database in it.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("jeton.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
