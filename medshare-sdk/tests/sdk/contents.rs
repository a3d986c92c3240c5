//! Content out of streams and asynchronous readers, of a length that is known at their end.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::support::{Fixture, MEMBERS, bytes, objects_in};
use futures::{StreamExt as _, stream};
use medshare_sdk::Content;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives its bytes a few at a time, then what it ends with.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    end: fn() -> IoResult<()>,
}

impl AsyncRead for Dribble {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<IoResult<()>> {
        let end = self.bytes.len().min(self.at + out.remaining().min(9_999));
        if self.at == end {
            return Poll::Ready((self.end)());
        }
        out.put_slice(&self.bytes[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

fn objects_of(fixture: &Fixture) -> Vec<PathBuf> {
    let members = fixture.consortium.folder().join("members");
    let stored = MEMBERS.map(|name| objects_in(&members.join(name).join("objects")));
    stored.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_readers_are_sealed() {
    let fixture = Fixture::open().await;
    let content = bytes(9 * (1 << 20) + 17, 11);
    let pieces: Vec<_> = content.chunks(70_001).map(<[u8]>::to_vec).collect();
    let reader = Dribble {
        bytes: content.clone(),
        at: 0,
        end: || Ok(()),
    };
    for sealed in [
        Content::stream(stream::iter(pieces).map(IoResult::Ok)),
        Content::async_reader(reader),
    ] {
        let (_, grant) = fixture.sealed_and_granted(sealed).await;
        let opened = fixture.doctor.open(grant).await.unwrap();
        assert!(opened.bytes() == content);
    }
    let (_, grant) = fixture.sealed_and_granted("a letter").await;
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"a letter");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_break_off_leave_nothing() {
    let fixture = Fixture::open().await;
    for length in [0, 100, 9 << 20] {
        let reader = Dribble {
            bytes: bytes(length, 12),
            at: 0,
            end: || Err(IoError::other("the scanner was unplugged")),
        };
        let seal = fixture
            .st_mary
            .seal(Content::async_reader(reader), &fixture.policy);
        let error = seal.subject(&fixture.patient).await.unwrap_err();
        assert_eq!(error.code(), "io");
        assert!(error.to_string().contains("unplugged"), "{error}");
        let left = objects_of(&fixture);
        assert!(left.is_empty(), "{length} bytes: {left:?}");
    }
    fixture.close().await;
}

/// A key used again reads the stream once more, and compares.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_under_an_idempotency_key() {
    let fixture = Fixture::open().await;
    let seal = |content: &'static [u8]| {
        let content = Content::stream(stream::iter([IoResult::Ok(content)]));
        let seal = fixture.st_mary.seal(content, &fixture.policy);
        seal.subject(&fixture.patient).idempotency_key("upload 1")
    };
    let record = seal(b"first").await.unwrap();
    assert_eq!(seal(b"first").await.unwrap(), record);
    let error = seal(b"other").await.unwrap_err();
    assert_eq!(error.code(), "idempotency_conflict");
    fixture.close().await;
}

/// Takes nothing, and says so in this way.
struct Refusing(fn() -> IoResult<usize>);

impl AsyncWrite for Refusing {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<IoResult<usize>> {
        Poll::Ready((self.0)())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_takes_no_more_is_named() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted("a letter").await;
    let full: fn() -> IoResult<usize> = || Err(ErrorKind::StorageFull.into());
    let torn: fn() -> IoResult<usize> = || Err(IoError::other("unplugged"));
    for (answer, code, words) in [
        (
            (|| Ok(0)) as fn() -> IoResult<usize>,
            "io",
            "takes no more bytes",
        ),
        (torn, "io", "unplugged"),
        (full, "disk_full", "disk of the writer"),
    ] {
        let opening = fixture.doctor.open(grant);
        let error = opening.write_to(&mut Refusing(answer)).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        let text = error.to_string();
        assert!(text.contains("the writer of the content"), "{text}");
        assert!(text.contains(words), "{text}");
    }
    fixture.close().await;
}
