//! Work that takes a millisecond or more, kept off the threads that wait for others.

use crate::error::{Error, Result};

/// Runs the work on a blocking thread. The error says that it did not run to its end.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Io {
        source: error.into(),
    })
}
