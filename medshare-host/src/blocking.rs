//! Long work, kept off the threads that serve other tasks.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
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

/// Threads of the machine that may compute at the same time, at least one.
#[must_use]
pub fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Runs work that computes, at most as much at the same time as the machine has cores; the rest
/// waits in the order in which it came. Clones share the bound.
///
/// [`blocking`] alone has 512 threads: as many computations at once would leave no time to the
/// other tasks of the process.
#[derive(Clone, Debug)]
pub struct ComputePool {
    turns: Arc<Semaphore>,
}

impl Default for ComputePool {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(cores())),
        }
    }
}

impl ComputePool {
    /// Runs `work` on a blocking thread when its turn comes. Dropping the future does not stop work
    /// that has begun.
    ///
    /// # Errors
    /// [`TaskError`] when the work did not run to its end.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TaskError> {
        // Never closed.
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        blocking(move || {
            let _turn = turn;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_computes_at_once_than_there_are_cores() {
        let pool = ComputePool::default();
        let inside = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let work = |n: usize| {
            let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
            let pool = pool.clone();
            tokio::spawn(async move {
                let count = move || {
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(10));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    n
                };
                pool.run(count).await.unwrap()
            })
        };
        let tasks: Vec<_> = (0..8 * cores()).map(work).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), n);
        }
        assert!((1..=cores()).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_source() {
        assert_eq!(blocking(|| 7).await.unwrap(), 7);
        let error = blocking(|| panic!("out of order")).await.unwrap_err();
        assert!(error.source().unwrap().to_string().contains("panic"));
    }
}
