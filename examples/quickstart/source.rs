//! What is sealed: a file, or the made-up bundle. Never read into memory as a whole.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_examples::fhir;

use crate::failure::{Context as _, Failure, Result};

/// What the made-up bundle is called.
const MADE_UP: &str = "made-up FHIR bundle";
const SEED: u64 = 7;

/// Something to be sealed, which can be read more than once.
#[derive(Clone)]
pub(crate) enum Source {
    File(PathBuf),
    MadeUp(Arc<[u8]>),
}

impl Source {
    pub(crate) fn made_up() -> Self {
        Self::MadeUp(fhir::bundle(SEED).into_bytes().into())
    }

    /// A file that can be opened now. Pipes and devices cannot be read twice and are turned away.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        let named = || format!("cannot read {}", path.display());
        let metadata = std::fs::metadata(path).context(named)?;
        if metadata.is_dir() {
            return Err(Failure::new(format!("{}: is a directory", named())));
        }
        if !metadata.is_file() {
            return Err(Failure::new(format!("{}: is no regular file", named())));
        }
        File::open(path).context(named)?;
        Ok(Self::File(path.to_owned()))
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::MadeUp(_) => MADE_UP.to_owned(),
        }
    }

    pub(crate) const fn media_type(&self) -> &'static str {
        match self {
            Self::File(_) => "application/octet-stream",
            Self::MadeUp(_) => "application/fhir+json",
        }
    }

    /// Bytes, as far as is known before it is read.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Self::MadeUp(bytes) => bytes.len() as u64,
        }
    }

    /// From its beginning.
    pub(crate) fn read(&self) -> Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::File(path) => {
                let file = File::open(path);
                let file = file.context(|| format!("cannot read {}", path.display()))?;
                Box::new(NamedFile {
                    file,
                    path: path.clone(),
                })
            }
            Self::MadeUp(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }
}

/// A file whose errors say which it is.
struct NamedFile {
    file: File,
    path: PathBuf,
}

impl Read for NamedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, format!("{}: {error}", self.path.display())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_can_be_read_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ecg");
        let missing = Source::file(&path).err().unwrap().to_string();
        assert!(missing.contains("ecg"), "{missing}");
        let directory = Source::file(folder.path()).err().unwrap().to_string();
        assert!(directory.contains("is a directory"), "{directory}");

        std::fs::write(&path, b"trace").unwrap();
        let source = Source::file(&path).ok().unwrap();
        assert_eq!(source.length(), 5);
        for _ in 0..2 {
            let mut text = String::new();
            source
                .read()
                .ok()
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "trace");
        }
        std::fs::remove_file(&path).unwrap();
        let vanished = source.read().err().unwrap().to_string();
        assert!(vanished.contains("ecg"), "{vanished}");
    }
}
