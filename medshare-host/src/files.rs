//! Files that are there whole or not at all, and folders that only their owner may enter.
//!
//! A write goes to a temporary file in the same folder, syncs it, gives it its name in one step, and
//! syncs the folder. A crash or a full disk leaves the old file or the new one; a crash may leave a
//! temporary file beside them, for [`sweep`]. The crate `atomic-write-file` syncs the same way, but it cannot create a file only
//! where there is none, which logs and key stores need: of two processes that start one at once,
//! one must lose. `tempfile` can do both.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// Names of temporary files: this, and then random letters and digits.
const PREFIX: &str = ".tmp";
const RANDOM_LEN: usize = 6;
/// Age from which a temporary file is a killed write's.
const SETTLED: Duration = Duration::from_secs(3_600);

/// The accounts that may read a file, on systems with Unix permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// The owner alone (mode 0600).
    Owner,
    /// All accounts (mode 0644, less the umask).
    All,
}

/// Writes a file whole, and replaces one of the same name.
///
/// # Errors
/// Those of the file system; a file that was there is then as it was.
pub fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    write_marked(path, &|_| bytes.to_vec(), readers)
}

/// Bytes that this account may still write to the disk of `path`; `None` where the system does not
/// tell.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(path).ok()?;
        disk.f_bavail.checked_mul(disk.f_frsize)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether an error, or a cause of it, says that a disk has no room or the account may not take more.
#[must_use]
pub fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let full = |error: &(dyn std::error::Error + 'static)| {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(
            kind,
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        )
    };
    std::iter::successors(Some(error), |error| error.source()).any(full)
}

/// Writes a file whole where there is none.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is one, which stays as it is; those of the file
/// system.
pub fn create(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    create_marked(path, &|_| bytes.to_vec(), readers)
}

/// What a file shares with no copy of it: a copy is another file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMark {
    /// The number of the file in its file system; 0 on systems without.
    pub inode: u64,
    /// Nanoseconds from 1970 to the file's birth; 0 where the file system does not tell. Numbers of
    /// removed files are used again, so without it a copy may look like its original.
    pub born_ns: u64,
}

impl FileMark {
    /// The mark of an open file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&data);
        #[cfg(not(unix))]
        let inode = 0;
        let born = data.created().ok();
        let since = born.and_then(|born| born.duration_since(SystemTime::UNIX_EPOCH).ok());
        let born_ns = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Ok(Self {
            inode,
            born_ns: born_ns.unwrap_or_default(),
        })
    }
}

/// As [`write()`], with bytes that name their own file.
///
/// # Errors
/// As [`write()`].
pub fn write_marked(
    path: &Path,
    bytes: &dyn Fn(FileMark) -> Vec<u8>,
    readers: Readers,
) -> io::Result<()> {
    let file = written(path, bytes, readers)?;
    file.persist(path)?;
    sync_folder_of(path)
}

/// As [`create`], with bytes that name their own file.
///
/// # Errors
/// As [`create`].
pub fn create_marked(
    path: &Path,
    bytes: &dyn Fn(FileMark) -> Vec<u8>,
    readers: Readers,
) -> io::Result<()> {
    let file = written(path, bytes, readers)?;
    file.persist_noclobber(path)?;
    sync_folder_of(path)
}

/// Gives a file another name within its file system, durably; what has that name is replaced.
///
/// # Errors
/// Those of the file system.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_folder_of(to)?;
    sync_folder_of(from)
}

/// Removes a file, durably. Where there is none, nothing is to do.
///
/// # Errors
/// Those of the file system.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) => Ok(()),
        Ok(()) => sync_folder_of(path),
    }
}

/// Moves a file within its file system as a new file with a [`FileMark`] of its own, durably. One that
/// cannot be read, or for whose copy there is no room, is renamed and keeps its mark.
///
/// # Errors
/// Those of the file system.
pub fn move_as_copy(from: &Path, to: &Path) -> io::Result<()> {
    let copied = std::fs::copy(from, to)
        .and_then(|_| File::open(to)?.sync_all())
        .and_then(|()| sync_folder_of(to));
    if copied.is_err() {
        return rename(from, to);
    }
    std::fs::remove_file(from)?;
    sync_folder_of(from)
}

/// Removes temporary files that killed writes left in a folder, as far as the system allows. Files
/// changed within the last hour stay: another process may be writing them.
pub fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_temporary);
        if is_ours && is_settled(&entry) {
            // Another sweep may have been faster.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_temporary(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|random| {
        random.len() == RANDOM_LEN && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_settled(entry: &std::fs::DirEntry) -> bool {
    let Ok(metadata) = entry.metadata() else {
        return false;
    };
    let unchanged = metadata.modified().ok().and_then(|at| at.elapsed().ok());
    metadata.is_file() && unchanged.is_some_and(|age| age >= SETTLED)
}

/// Creates a folder, and those above it, that only its owner may enter.
///
/// # Errors
/// Those of [`check_path`] and of the file system.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    check_path(path)?;
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Refuses the empty path: joined with a name, it is a file where the program happens to run. Mostly
/// it is a setting that was not set.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`].
pub fn check_path(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        let text =
            "the path is empty; name a folder, or \".\" for the one that the program runs in";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

/// A synced temporary file beside `path`.
fn written(
    path: &Path,
    bytes: &dyn Fn(FileMark) -> Vec<u8>,
    readers: Readers,
) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM_LEN);
    #[cfg(unix)]
    if readers == Readers::All {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(folder_of(path))?;
    let mark = FileMark::of(file.as_file())?;
    file.write_all(&bytes(mark))?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        create(&path, b"first", Readers::All).unwrap();
        let error = create(&path, b"second", Readers::All).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write(&path, b"third", Readers::Owner).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "nothing left beside");
        for _ in 0..2 {
            remove(&path).unwrap();
            assert!(!path.exists());
        }
        remove(folder.path()).unwrap_err();

        let absent = folder.path().join("absent").join("file");
        let error = write(&absent, b"", Readers::All).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        write(folder.path(), b"", Readers::All).unwrap_err();
    }

    /// The name changes, the file does not; a copy is another file, also where numbers are used again.
    #[cfg(unix)]
    #[test]
    fn a_mark_stays_with_its_file_and_no_copy_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mark = |path: &Path| FileMark::of(&File::open(path).unwrap()).unwrap();
        let text = |mark: FileMark| format!("{mark:?}").into_bytes();
        create_marked(&path, &text, Readers::All).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), text(mark(&path)));
        let created = mark(&path);
        write_marked(&path, &text, Readers::All).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), text(mark(&path)));
        let own = mark(&path);
        assert_ne!(own, created);
        let moved = folder.path().join("moved");
        rename(&path, &moved).unwrap();
        assert_eq!(mark(&moved), own);
        std::fs::copy(&moved, &path).unwrap();
        assert_ne!(mark(&path), own);
        if own.born_ns != 0 {
            std::fs::remove_file(&moved).unwrap();
            std::fs::copy(&path, &moved).unwrap();
            assert_ne!(mark(&moved), own);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_moved_as_a_copy_has_another_mark() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let mark = |path: &Path| FileMark::of(&File::open(path).unwrap()).unwrap();
        std::fs::write(&from, b"bytes").unwrap();
        let original = mark(&from);
        move_as_copy(&from, &to).unwrap();
        assert!(!from.exists());
        assert_eq!(std::fs::read(&to).unwrap(), b"bytes");
        assert_ne!(mark(&to), original);
        assert!(move_as_copy(&from, &to).is_err(), "there is none");
        assert_eq!(std::fs::read(&to).unwrap(), b"bytes");
    }

    #[test]
    fn what_killed_writes_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * SETTLED;
        let put = |name: &str, changed| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(changed).unwrap();
        };
        put(".tmpAb3dE9", old);
        put(".tmpAb3dE8", SystemTime::now());
        for other in ["file", ".tmp", ".tmpAb3dE", ".tmpAb3dE9x", ".tmp-b3dE9"] {
            put(other, old);
        }
        // A write that is dropped before its end is what a kill leaves, but for its removal.
        let kept = written(&folder.path().join("file"), &|_| Vec::new(), Readers::Owner).unwrap();
        let name = kept.path().file_name().unwrap().to_str().unwrap();
        assert!(is_temporary(name), "{name}");
        kept.as_file().set_modified(old).unwrap();
        std::mem::forget(kept.into_temp_path());
        sweep(folder.path());
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name()).collect();
        names.sort();
        let left = [
            ".tmp",
            ".tmp-b3dE9",
            ".tmpAb3dE",
            ".tmpAb3dE8",
            ".tmpAb3dE9x",
            "file",
        ];
        assert_eq!(names, left);
    }

    /// `/dev/full` fails every write for want of room.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_recognised_through_the_errors_above_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("above")]
        struct Above(#[source] Box<dyn std::error::Error + Send + Sync>);

        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = full.write_all(b"x").unwrap_err();
        assert!(is_disk_full(&error));
        assert!(is_disk_full(&Above(Box::new(Above(Box::new(error))))));
        let other = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(!is_disk_full(&Above(Box::new(other))));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_as_asked_for() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = folder.path().join("file");
        write(&path, b"", Readers::Owner).unwrap();
        assert_eq!(mode(&path), 0o600);
        write(&path, b"", Readers::All).unwrap();
        assert_eq!(mode(&path) & 0o700, 0o600);
        let private = folder.path().join("a").join("b");
        create_private_folder(&private).unwrap();
        assert_eq!(mode(&private), 0o700);
    }
}
