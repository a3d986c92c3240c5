//! The segments of a record's payload, out of untrusted stores.

use std::io::{Error as IoError, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use medshare_abe::PayloadError;
use medshare_abe::payload::{ContentTree, PayloadLayout, SegmentOpener};
use medshare_contract::state::RecordState;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::Progress;
use crate::read::segment_buffer::SegmentBuffer;
use crate::read::shortfall::{Shortfall, stores_of};
use crate::registered::payload_of;
use medshare_store::objects::{CHUNK_SEGMENTS, ObjectKind};

/// The stored copies of one record's payload.
pub(super) struct StoredPayload {
    context: Arc<Context>,
    record: RecordState,
}

impl StoredPayload {
    pub(super) const fn new(context: Arc<Context>, record: RecordState) -> Self {
        Self { context, record }
    }

    /// Checks without the key that the payload has its registered length, and fetches the first
    /// chunk as it was registered.
    ///
    /// # Errors
    /// [`Error::ObjectTruncated`], [`Error::ObjectExtended`], [`Error::SegmentMismatch`],
    /// [`Error::ObjectUnavailable`], or what keeps the stores from giving it.
    pub(super) async fn first_chunk(&self, tree: &Arc<ContentTree>) -> Result<SegmentBuffer> {
        let layout = tree.layout();
        self.check_length(layout).await?;
        let buffer = SegmentBuffer::new(layout, chunk_at(layout, 0))?;
        let tree = Arc::clone(tree);
        self.fill(buffer, move |buffer| buffer.check_missing(&tree))
            .await
    }

    /// Refuses a payload that no store has in its registered length; the error has the first other
    /// that was found.
    async fn check_length(&self, layout: PayloadLayout) -> Result<()> {
        let name = payload_of(&self.record).object(ObjectKind::Payload);
        let expected = layout.sealed_len();
        let mut found = None;
        let mut shortfall = self.shortfall();
        for store in stores_of(&self.context, &self.record) {
            match store.length(name).await {
                Ok(Some(length)) if length == expected => return Ok(()),
                Ok(Some(length)) => {
                    tracing::warn!(
                        length,
                        expected,
                        "a store holds a payload of another length"
                    );
                    found = found.or(Some(length));
                }
                Ok(None) => tracing::warn!("a store lacks the payload"),
                Err(error) => {
                    tracing::warn!(%error, "a store cannot be read");
                    shortfall.note(error.into());
                }
            }
        }
        if let Some(Err(error)) = found.map(|length| layout.check_object(length)) {
            shortfall.note(payload_error(error));
        }
        Err(shortfall.told().await)
    }

    fn shortfall(&self) -> Shortfall<'_> {
        Shortfall::new(&self.context, &self.record, ObjectKind::Payload)
    }

    /// Checks, decrypts and writes every segment in order; returns the bytes written.
    pub(super) async fn stream(
        &self,
        opener: SegmentOpener,
        first: SegmentBuffer,
        progress: Option<&Progress>,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<u64> {
        let opener = Arc::new(opener);
        let layout = opener.layout();
        let mut buffer = first;
        let mut done = 0;
        loop {
            let opener = Arc::clone(&opener);
            let open = move |buffer: &mut SegmentBuffer| buffer.open_closed(&opener);
            let chunk = self.fill(buffer, open).await?;
            let next = chunk.end();
            let text = chunk.into_plaintext();
            writer.write_all(&text).await.map_err(writer_failed)?;
            done += text.len() as u64;
            if let Some(progress) = progress {
                progress(done);
            }
            if next >= layout.segment_count() {
                break;
            }
            buffer = SegmentBuffer::new(layout, chunk_at(layout, next))?;
        }
        writer.flush().await.map_err(writer_failed)?;
        Ok(done)
    }

    /// Fills a buffer: from the first store, and where `judge` finds that its copy of a segment is
    /// not the registered one, from the next store that has it. `judge` blocks.
    async fn fill(
        &self,
        mut buffer: SegmentBuffer,
        judge: impl Fn(&mut SegmentBuffer) + Clone + Send + 'static,
    ) -> Result<SegmentBuffer> {
        let run = async |mut buffer: SegmentBuffer| {
            let judge = judge.clone();
            let work = move || {
                judge(&mut buffer);
                buffer
            };
            Ok::<_, Error>(self.context.computing.run(work).await?)
        };
        // What was fetched before needs no store.
        if buffer.first_missing().is_none() {
            buffer = run(buffer).await?;
        }
        let mut shortfall = self.shortfall();
        for store in stores_of(&self.context, &self.record) {
            if buffer.first_missing().is_none() {
                break;
            }
            if let Err(error) = buffer.read_missing(store, &self.record).await {
                tracing::warn!(%error, "a store cannot be read");
                shortfall.note(error);
                continue;
            }
            buffer = run(buffer).await?;
            if let Some(index) = buffer.first_missing() {
                tracing::warn!(
                    segment = index,
                    "a store's segments are not the registered ones"
                );
                shortfall.note(Error::SegmentMismatch {
                    index: index.into(),
                });
            }
        }
        match buffer.first_missing() {
            None => Ok(buffer),
            Some(_) => Err(shortfall.told().await),
        }
    }
}

/// The error of the writer that the caller has given, which has no name of its own.
fn writer_failed(error: IoError) -> Error {
    let told = match error.kind() {
        // What `write_all` makes of a writer that takes nothing.
        ErrorKind::WriteZero => "it takes no more bytes, as if it were full".to_owned(),
        _ => error.to_string(),
    };
    let text = format!("the writer of the content failed: {told}");
    let error = IoError::new(error.kind(), text);
    Error::of_disk("the writer of the content", error, |source| Error::Io {
        file: None,
        source,
    })
}

/// The segments of the chunk that begins at `first`.
fn chunk_at(layout: PayloadLayout, first: u32) -> Range<u32> {
    first..layout.segment_count().min(first + CHUNK_SEGMENTS)
}

pub(super) fn payload_error(error: PayloadError) -> Error {
    match error {
        PayloadError::ObjectTruncated { expected, found } => {
            Error::ObjectTruncated { expected, found }
        }
        PayloadError::ObjectExtended { expected, found } => {
            Error::ObjectExtended { expected, found }
        }
        PayloadError::SegmentMismatch { index } => Error::SegmentMismatch {
            index: index.into(),
        },
        _ => Error::Undecipherable,
    }
}
