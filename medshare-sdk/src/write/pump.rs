//! A stream of the caller as the reader of a blocking thread.

use std::io::{Error as IoError, ErrorKind, Read, Result as IoResult};

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::mpsc;

/// Pieces that wait for the reader.
const PIECES_AHEAD: usize = 2;

/// A stream of content.
pub(super) type ByteStream = BoxStream<'static, IoResult<Bytes>>;

/// The end of a stream is sent: a channel that just closes belongs to a seal that was dropped.
enum Message {
    Piece(IoResult<Bytes>),
    End,
}

/// Reads what the future beside it sends. The future ends at the first error of the stream, and
/// when the reader is dropped.
pub(super) fn pump(mut stream: ByteStream) -> (PumpedReader, impl Future<Output = ()> + Send) {
    let (sender, messages) = mpsc::channel(PIECES_AHEAD);
    let pump = async move {
        while let Some(piece) = stream.next().await {
            let last = piece.is_err();
            if sender.send(Message::Piece(piece)).await.is_err() || last {
                return;
            }
        }
        // A reader that is gone needs no end.
        sender.send(Message::End).await.ok();
    };
    let reader = PumpedReader {
        messages,
        piece: Bytes::new(),
        ended: false,
    };
    (reader, pump)
}

pub(super) struct PumpedReader {
    messages: mpsc::Receiver<Message>,
    piece: Bytes,
    ended: bool,
}

impl Read for PumpedReader {
    /// Blocks until the stream goes on.
    fn read(&mut self, out: &mut [u8]) -> IoResult<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.messages.blocking_recv() {
                Some(Message::Piece(piece)) => self.piece = piece?,
                Some(Message::End) => self.ended = true,
                None => {
                    let text = "the stream was dropped before its end";
                    return Err(IoError::new(ErrorKind::UnexpectedEof, text));
                }
            }
        }
        let length = out.len().min(self.piece.len());
        out[..length].copy_from_slice(&self.piece[..length]);
        self.piece.advance(length);
        Ok(length)
    }
}
