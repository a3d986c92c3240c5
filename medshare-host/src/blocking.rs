//! Long work, kept off the threads that serve other tasks.

use tokio::task::JoinError;

/// The work panicked, or the runtime shut down before the work began.
#[derive(Debug, thiserror::Error)]
#[error("a background task did not finish")]
pub struct TaskError(#[from] JoinError);

/// Runs `work` on tokio's blocking pool, for anything that takes a millisecond or more.
///
/// Dropping the future does not stop the work.
///
/// # Errors
/// [`TaskError`] when the work did not run to its end.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TaskError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(TaskError::from)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_source() {
        assert_eq!(blocking(|| 7).await.unwrap(), 7);
        let error = blocking(|| panic!("out of order")).await.unwrap_err();
        assert!(error.source().unwrap().to_string().contains("panic"));
    }
}
