//! The file system under the consortium: small where one can be mounted, so that it can be full.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

const CHUNK: usize = 256 << 10;

pub(super) struct Disk {
    mount: PathBuf,
    small: bool,
}

impl Disk {
    /// Mounts a small file system in memory, which takes root; without it the folder is an ordinary
    /// one, and no disk is filled.
    pub(super) fn prepare(mount: &Path, mib: u64) -> Result<Self> {
        fs::create_dir_all(mount).with_context(|| mount.display().to_string())?;
        // Of a run that was killed.
        let _ = Command::new("umount").arg(mount).output();
        let options = format!("size={mib}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "medshare-soak"])
            .arg(mount)
            .output();
        let small = mounted.is_ok_and(|output| output.status.success());
        Ok(Self {
            mount: mount.to_owned(),
            small,
        })
    }

    pub(super) const fn is_small(&self) -> bool {
        self.small
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.mount.join(name)
    }

    fn ballast(&self) -> PathBuf {
        self.mount.join("ballast")
    }

    /// Fills the disk but for about `leave` bytes.
    pub(super) fn fill(&self, leave: usize) -> Result<()> {
        let mut file = File::create(self.ballast())?;
        let chunk = vec![0_u8; CHUNK];
        let mut length: usize = 0;
        for size in [CHUNK, 4 << 10] {
            loop {
                match file.write_all(&chunk[..size]) {
                    Ok(()) => length += size,
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        file.set_len(length.saturating_sub(leave) as u64)?;
        Ok(())
    }

    pub(super) fn free(&self) -> Result<()> {
        match fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Bytes of all files in a folder.
    pub(super) fn used(folder: &Path) -> u64 {
        let Ok(entries) = fs::read_dir(folder) else {
            return 0;
        };
        let sizes = entries.flatten().map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => Self::used(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        });
        sizes.sum()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.small {
            // Left mounted when a process still uses it; the next run unmounts it.
            let _ = Command::new("umount").arg(&self.mount).output();
        }
    }
}
