//! The sizes of the functions' programs.

use std::{fs, io, path::Path, process::Command};

use super::{Error, case::Case};

/// The size of one function's program.
pub(crate) struct Size {
    pub(crate) function: &'static str,
    /// In MB.
    pub(crate) binary: f64,
    /// Of the archive that is deployed, in MB.
    pub(crate) archive: f64,
}

/// Returns the sizes of the functions of `cases`, each once.
pub(crate) fn of(cases: &[Case], binaries: &Path, folder: &Path) -> Result<Vec<Size>, Error> {
    let mut functions: Vec<_> = cases.iter().map(|case| case.function).collect();
    functions.dedup();
    functions.into_iter().map(|function| size(function, binaries, folder)).collect()
}

/// Packs a function as a release does, in a folder.
fn size(function: &'static str, binaries: &Path, folder: &Path) -> Result<Size, Error> {
    let (program, archive) = (folder.join("bootstrap"), folder.join("function.zip"));
    fs::copy(binaries.join(function), &program)?;
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.ci/pack");
    let packed =
        Command::new(pack).args([&archive, &program]).env("SOURCE_DATE_EPOCH", "1767225600").output()?;
    if !packed.status.success() {
        return Err(Error::unexpected(String::from_utf8_lossy(&packed.stderr)));
    }
    Ok(Size { function, binary: megabytes(&program)?, archive: megabytes(&archive)? })
}

#[expect(clippy::cast_precision_loss, reason = "less than 2^53 bytes")]
fn megabytes(file: &Path) -> io::Result<f64> {
    Ok(fs::metadata(file)?.len() as f64 / 1e6)
}
