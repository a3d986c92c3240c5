//! Files that are there whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::{Context as _, Failure, Result};

/// Writes a file beside `path` and renames it over `path`.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    WholeFile::begin(path)?.finish(bytes)
}

/// A file to be written at the end, whose place is found to be writable at the beginning.
///
/// Dropped before it is finished, it leaves nothing.
pub(crate) struct WholeFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    /// The file beside, until it takes the other's name.
    Beside(PathBuf, File),
    /// A device or a pipe is written to and never replaced.
    Itself(File),
}

impl WholeFile {
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        let attempt = || format!("cannot write {}", path.display());
        let target = match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                return Err(Failure::new(format!("{}: is a directory", attempt())));
            }
            Ok(there) if !there.is_file() => {
                Target::Itself(File::options().write(true).open(path).context(attempt)?)
            }
            _ => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(format!(".{}.new", std::process::id()));
                let beside = path.with_file_name(name);
                let file = File::create(&beside).context(attempt)?;
                Target::Beside(beside, file)
            }
        };
        Ok(Self {
            path: path.to_owned(),
            target,
        })
    }

    pub(crate) fn finish(mut self, bytes: &[u8]) -> Result<()> {
        let path = self.path.clone();
        let written = match &mut self.target {
            Target::Itself(file) => file.write_all(bytes),
            Target::Beside(beside, file) => file
                .write_all(bytes)
                .and_then(|()| file.sync_all())
                .and_then(|()| std::fs::rename(beside, &path)),
        };
        written.context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Target::Beside(beside, _) = &self.target {
            // Renamed already, if all went well.
            let _ = std::fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();

        drop(WholeFile::begin(&path).ok().unwrap());
        assert_eq!(names(), 0);
        write(&path, b"first").ok().unwrap();
        drop(WholeFile::begin(&path).ok().unwrap());
        assert_eq!(
            (std::fs::read(&path).unwrap().as_slice(), names()),
            (&b"first"[..], 1)
        );
        write(&path, b"second").ok().unwrap();
        assert_eq!(
            (std::fs::read(&path).unwrap().as_slice(), names()),
            (&b"second"[..], 1)
        );

        let nowhere = folder.path().join("absent").join("out.json");
        let error = WholeFile::begin(&nowhere).err().unwrap().to_string();
        assert!(error.contains("absent"), "{error}");
        let error = WholeFile::begin(folder.path()).err().unwrap().to_string();
        assert!(error.contains("is a directory"), "{error}");
    }
}
