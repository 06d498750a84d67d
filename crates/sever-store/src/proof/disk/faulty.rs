//! A disk that stops, as a process that is killed or a machine that loses power does.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;

use super::{Disk, RealDisk};

/// How the last step ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It does not begin.
    Before,
    /// Half of its bytes are written.
    Torn,
    /// It happens, and nobody is told.
    After,
}

/// The ways in which a step can end.
pub(crate) const CUTS: [Cut; 3] = [Cut::Before, Cut::Torn, Cut::After];

/// A disk on which only so many steps succeed.
pub(crate) struct FaultyDisk {
    left: Cell<usize>,
    cut: Cell<Option<Cut>>,
}

impl FaultyDisk {
    pub(crate) fn after(steps: usize, cut: Cut) -> FaultyDisk {
        FaultyDisk { left: Cell::new(steps), cut: Cell::new(Some(cut)) }
    }

    /// Lets a step happen, or the part of it that is left.
    fn step(&self, whole: impl Fn() -> io::Result<()>, torn: impl Fn() -> io::Result<()>) -> io::Result<()> {
        if self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            return whole();
        }
        match self.cut.take() {
            Some(Cut::Torn) => torn()?,
            Some(Cut::After) => whole()?,
            Some(Cut::Before) | None => {}
        }
        Err(io::Error::other("killed"))
    }
}

impl Disk for FaultyDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step(|| RealDisk.write(path, bytes), || RealDisk.write(path, &bytes[..bytes.len() / 2]))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step(|| RealDisk.append(path, bytes), || RealDisk.append(path, &bytes[..bytes.len() / 2]))
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.step(|| RealDisk.truncate(path, length), || Ok(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        // A rename happens or does not.
        self.step(|| RealDisk.rename(from, to), || Ok(()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| fs::remove_file(path), || Ok(()))
    }
}
