//! Spans, metrics and progress of operations; `docs/observability.md` lists the names.

use std::sync::Arc;
use std::time::Instant;

use tracing::Instrument as _;

use crate::error::{Error, Result};

/// Called with the number of bytes that are done.
pub(crate) type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// Runs an operation in a span of its name, and records its duration and outcome.
pub(crate) async fn observed<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let begun = Instant::now();
    let result = work
        .instrument(tracing::info_span!("medshare", operation))
        .await;
    let outcome = result.as_ref().map_or_else(Error::code, |_| "ok");
    metrics::histogram!(
        "medshare_sdk_operation_seconds",
        "operation" => operation,
        "outcome" => outcome
    )
    .record(begun.elapsed().as_secs_f64());
    result
}
