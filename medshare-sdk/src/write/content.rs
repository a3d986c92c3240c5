//! Content that is sealed: bytes, texts, files, readers and streams.

use std::io::{Cursor, Error as IoError, ErrorKind, Read, Result as IoResult};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream};
use medshare_host::{TaskError, blocking};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::error::{Error, Result};
use crate::write::pump::{ByteStream, pump};
use medshare_store::objects::MAX_CONTENT_LEN;

/// Bytes that are read from an asynchronous reader at once.
const PIECE_LEN: usize = 64 << 10;

/// Content to be sealed. Files, readers and streams are never held in memory as a whole.
///
/// Bytes and texts become content by `From`; paths too, which name files. `&str` and `String` are
/// the text itself, never a path.
///
/// ```
/// use medshare_sdk::Content;
/// use std::path::Path;
///
/// let text = Content::from("no known allergies");
/// let file = Content::from(Path::new("scan.dcm"));
/// let upload = futures::stream::iter([Ok(b"part 1".to_vec()), Ok(b"part 2".to_vec())]);
/// let stream = Content::stream(upload);
/// # drop((text, file, stream));
/// ```
pub struct Content(Source);

enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Reader(Box<dyn Read + Send>),
    Stream(ByteStream),
}

impl Content {
    /// Bytes of the longest content that is sealed or opened: 2 TiB.
    pub const MAX_LEN: u64 = MAX_CONTENT_LEN;

    /// The bytes of a file, read while it is sealed. A file that changes in the meantime is
    /// refused, as [`Error::Io`]: its content would be neither the old nor the new one. So is what is
    /// no regular file: a pipe or device may block for ever, and goes through [`Self::reader`].
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// All bytes of `reader`, to its end, on a blocking thread. A seal that is dropped while the
    /// reader blocks leaves that thread to it.
    #[must_use]
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self(Source::Reader(Box::new(reader)))
    }

    /// All bytes of an asynchronous `reader`, to its end. How long it takes is the reader's
    /// business: no deadline is set for it.
    #[must_use]
    pub fn async_reader(reader: impl AsyncRead + Send + 'static) -> Self {
        let pieces = stream::try_unfold(Box::pin(reader), |mut reader| async move {
            let mut piece = BytesMut::with_capacity(PIECE_LEN);
            let length = reader.read_buf(&mut piece).await?;
            IoResult::Ok((length > 0).then(|| (piece.freeze(), reader)))
        });
        Self(Source::Stream(pieces.boxed()))
    }

    /// All bytes of a stream, to its end: the body of a request, for one. No deadline is set for
    /// it.
    #[must_use]
    pub fn stream<B: Into<Bytes>>(
        stream: impl Stream<Item = IoResult<B>> + Send + 'static,
    ) -> Self {
        Self(Source::Stream(
            stream.map(|piece| piece.map(Into::into)).boxed(),
        ))
    }

    /// Refuses content that is known to be too long, before any work. Readers and streams are
    /// measured while they are read.
    pub(super) async fn checked(self) -> Result<Self> {
        let known = match &self.0 {
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            // A file without metadata cannot be read either; reading it tells why.
            Source::File(path) => tokio::fs::metadata(path).await.ok().map(|file| file.len()),
            Source::Reader(_) | Source::Stream(_) => None,
        };
        if let Some(length) = known {
            check_len(length, Self::MAX_LEN)?;
        }
        Ok(self)
    }

    /// Runs `work` with the content's reader on a blocking thread, and feeds it from the stream if
    /// the content is one.
    pub(super) async fn read_by<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut dyn Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let work = |reader: IoResult<Box<dyn Read + Send>>| {
            blocking(move || work(&mut *reader.map_err(Error::from)?))
        };
        let done: Result<Result<T>, TaskError> = match self.0 {
            Source::Bytes(bytes) => work(Ok(Box::new(Cursor::new(bytes)))).await,
            Source::Reader(reader) => work(Ok(Box::new(CallersReader(reader)))).await,
            Source::File(path) => {
                let open = blocking(move || FileReader::open(path)).await?;
                work(open.map(|file| Box::new(file) as _)).await
            }
            Source::Stream(stream) => {
                let (reader, pump) = pump(stream);
                let work = work(Ok(Box::new(reader)));
                tokio::pin!(work);
                // The work may end before the stream does.
                tokio::select! {
                    done = &mut work => done,
                    () = pump => work.await,
                }
            }
        };
        done?
    }
}

/// Refuses more bytes than `limit`.
pub(super) const fn check_len(length: u64, limit: u64) -> Result<()> {
    if length <= limit {
        Ok(())
    } else {
        Err(Error::ContentTooLong { limit })
    }
}

/// A reader of the caller's: a panic of it fails the seal as an error of the content.
struct CallersReader(Box<dyn Read + Send>);

impl Read for CallersReader {
    fn read(&mut self, out: &mut [u8]) -> IoResult<usize> {
        // After a panic nothing is read from it any more.
        let read = catch_unwind(AssertUnwindSafe(|| self.0.read(out)));
        read.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "no text".to_owned());
            Err(IoError::other(format!(
                "the reader of the content panicked: {text}"
            )))
        })
    }
}

/// A file whose errors name it.
struct FileReader {
    path: PathBuf,
    file: std::fs::File,
    /// As the file was when it was opened.
    opened: std::fs::Metadata,
}

impl FileReader {
    /// Looks before it opens: to open a pipe without a writer blocks, and nothing could end that.
    fn open(path: PathBuf) -> IoResult<Self> {
        let named = |error| named(&path, &error);
        let found = std::fs::metadata(&path).map_err(named)?;
        if found.is_dir() {
            return Err(named(ErrorKind::IsADirectory.into()));
        }
        if !found.is_file() {
            let text = "it is a pipe, device or socket and no file; give it as Content::reader";
            return Err(named(IoError::new(ErrorKind::InvalidInput, text)));
        }
        let file = std::fs::File::open(&path).map_err(named)?;
        let opened = file.metadata().map_err(named)?;
        Ok(Self { path, file, opened })
    }

    /// Refuses a file that was written to since it was opened.
    fn check_unchanged(&self) -> IoResult<()> {
        let now = self.file.metadata()?;
        let times = [&now, &self.opened].map(|data| data.modified().ok());
        if now.len() == self.opened.len() && times[0] == times[1] {
            return Ok(());
        }
        Err(IoError::other(format!(
            "it was changed while it was read, from {} to {} bytes; seal a copy",
            self.opened.len(),
            now.len()
        )))
    }
}

impl Read for FileReader {
    fn read(&mut self, out: &mut [u8]) -> IoResult<usize> {
        let read = self.file.read(out);
        match read {
            Ok(0) if !out.is_empty() => self.check_unchanged().map(|()| 0),
            read => read,
        }
        .map_err(|error| named(&self.path, &error))
    }
}

fn named(path: &Path, source: &IoError) -> IoError {
    IoError::new(source.kind(), format!("{}: {source}", path.display()))
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Source::Bytes(bytes) => write!(f, "Content({} bytes)", bytes.len()),
            Source::File(path) => write!(f, "Content({})", path.display()),
            Source::Reader(_) => f.write_str("Content(a reader)"),
            Source::Stream(_) => f.write_str("Content(a stream)"),
        }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl From<String> for Content {
    /// The text, in UTF-8.
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Content {
    /// The text, in UTF-8.
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<PathBuf> for Content {
    /// The bytes of that file, as [`Content::file`].
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<&Path> for Content {
    /// The bytes of that file, as [`Content::file`].
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use std::io::Write as _;

    async fn read(content: Content) -> Result<Vec<u8>> {
        let whole = |reader: &mut dyn Read| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        content.read_by(whole).await
    }

    #[tokio::test]
    async fn every_kind_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scan");
        let long = vec![7; 3 * PIECE_LEN + 5];
        std::fs::write(&file, &long).unwrap();
        let pieces = [Ok("ab"), Ok(""), Ok("c")];
        let async_file = tokio::fs::File::open(&file).await.unwrap();
        for (content, expected) in [
            (Content::from("text"), &b"text"[..]),
            ("text".to_owned().into(), b"text"),
            (Vec::from("bytes").into(), b"bytes"),
            (Bytes::from("bytes").into(), b"bytes"),
            (Content::stream(stream::iter(pieces)), b"abc"),
            (
                Content::stream(stream::empty::<IoResult<Bytes>>()),
                &b""[..],
            ),
            (Content::async_reader(&b"slice"[..]), b"slice"),
            (Content::async_reader(async_file), &long),
            (file.clone().into(), &long),
            (file.as_path().into(), &long),
            (Content::reader(&b"slice"[..]), b"slice"),
        ] {
            let name = format!("{content:?}");
            assert!(read(content).await.unwrap() == expected, "{name}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_fails_is_no_end() {
        let pieces = [Ok("ab"), Err(IoError::other("unplugged")), Ok("c")];
        let error = read(Content::stream(stream::iter(pieces))).await;
        assert!(error.unwrap_err().to_string().contains("unplugged"));
    }

    /// The caller's fault, and no defect of this library.
    #[tokio::test]
    async fn a_reader_that_panics_fails_as_content() {
        struct Panicking;
        impl Read for Panicking {
            fn read(&mut self, _: &mut [u8]) -> IoResult<usize> {
                panic!("no such scanner")
            }
        }
        let error = read(Content::reader(Panicking)).await.unwrap_err();
        assert_eq!(error.code(), "io");
        let text = error.to_string();
        assert!(
            text.contains("reader of the content panicked: no such scanner"),
            "{text}"
        );
    }

    /// Whether the content names itself or not.
    #[tokio::test]
    async fn content_that_fails_for_want_of_room_says_so() {
        let full = || IoError::from(ErrorKind::StorageFull);
        let pieces = [Ok("ab"), Err(full())];
        let error = read(Content::stream(stream::iter(pieces))).await;
        assert_eq!(error.unwrap_err().code(), "disk_full");
        let error = Error::from(named(Path::new("scan"), &full()));
        assert_eq!(error.code(), "disk_full");
        assert!(error.to_string().contains("scan"), "{error}");
    }

    /// The work that a stream feeds goes on without its caller, and never takes the caller's end
    /// for the content's.
    #[tokio::test]
    async fn a_dropped_stream_is_no_end() {
        let (result, told) = std::sync::mpsc::channel();
        let first = stream::once(async { IoResult::Ok("ab") });
        let content = Content::stream(first.chain(stream::pending()));
        let work = move |reader: &mut dyn Read| {
            result.send(reader.read_to_end(&mut Vec::new())).unwrap();
            Ok(())
        };
        let dropped =
            tokio::time::timeout(std::time::Duration::from_millis(20), content.read_by(work));
        assert!(dropped.await.is_err());
        let told = blocking(move || told.recv().unwrap()).await.unwrap();
        assert_eq!(told.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_file_that_changes_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing.log");
        for (write, words) in [("more", "from 4 to 8 bytes"), ("", "from 4 to 0 bytes")] {
            std::fs::write(&path, "once").unwrap();
            let changed = path.clone();
            let change = move |reader: &mut dyn Read| {
                reader.read_exact(&mut [0; 2])?;
                let mut file = std::fs::File::options()
                    .append(true)
                    .open(&changed)
                    .unwrap();
                if write.is_empty() {
                    file.set_len(0).unwrap();
                }
                file.write_all(write.as_bytes()).unwrap();
                reader.read_to_end(&mut Vec::new())?;
                Ok(())
            };
            let error = Content::file(&path).read_by(change).await.unwrap_err();
            assert_eq!(error.code(), "io");
            let text = error.to_string();
            assert!(
                text.contains(words) && text.contains("growing.log"),
                "{text}"
            );
        }
        let error = read(Content::file(folder.path().join("none"))).await;
        assert!(error.unwrap_err().to_string().contains("none"));
    }
}
