//! Answers that take long, computed beside the node's task: few at a time, a bounded number queued.

use std::sync::Arc;

use medshare_host::blocking;
use medshare_ledger::{RefusalCode, RpcResponse};
use medshare_types::Wire as _;
use tokio::sync::{Semaphore, oneshot};

/// Upper bound of answers computed at the same time.
const RUNNING: u32 = 16;
/// Upper bound of answers running or queued; further requests are refused as overload.
const SLOTS: u32 = 256;

/// A bounded pool for answers.
pub(crate) struct WorkerPool {
    slots: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for WorkerPool {
    fn default() -> Self {
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        Self {
            slots: semaphore(SLOTS),
            turns: semaphore(RUNNING),
        }
    }
}

impl WorkerPool {
    /// Runs `work` on a blocking thread when its turn comes, and sends its result.
    pub(crate) fn run(
        &self,
        answer: oneshot::Sender<Vec<u8>>,
        work: impl FnOnce() -> RpcResponse + Send + 'static,
    ) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            let refusal = RpcResponse::refused(RefusalCode::Overloaded, "too many requests wait");
            // The client may have hung up.
            let _ = answer.send(refusal.to_wire());
            return;
        };
        let turns = Arc::clone(&self.turns);
        drop(tokio::spawn(async move {
            let _slot = slot;
            let Ok(_turn) = turns.acquire().await else {
                return;
            };
            if answer.is_closed() {
                return;
            }
            match blocking(|| work().to_wire()).await {
                Ok(bytes) => drop(answer.send(bytes)),
                Err(error) => tracing::error!(%error, "a request was not answered"),
            }
        }));
    }

    /// Starts nothing more and waits for running work, which uses the ledger.
    pub(crate) async fn close(&self) {
        self.turns.close();
        let _ = self.slots.acquire_many(SLOTS).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Condvar, Mutex};
    use std::time::Duration;

    use super::*;

    /// Counts the work inside, and holds it back until the gate is opened.
    #[derive(Default)]
    struct Gate {
        open: Mutex<bool>,
        opened: Condvar,
        inside: AtomicU32,
        most: AtomicU32,
    }

    impl Gate {
        fn pass(&self) -> RpcResponse {
            let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(inside, Ordering::SeqCst);
            let open = self.open.lock().unwrap();
            drop(self.opened.wait_while(open, |open| !*open).unwrap());
            self.inside.fetch_sub(1, Ordering::SeqCst);
            RpcResponse::Pending
        }

        fn open(&self) {
            *self.open.lock().unwrap() = true;
            self.opened.notify_all();
        }
    }

    fn ask(pool: &WorkerPool, gate: &Arc<Gate>) -> oneshot::Receiver<Vec<u8>> {
        let (answer, answered) = oneshot::channel();
        let gate = Arc::clone(gate);
        pool.run(answer, move || gate.pass());
        answered
    }

    #[tokio::test]
    async fn few_run_some_wait_and_the_rest_are_refused() {
        let pool = WorkerPool::default();
        let gate = Arc::new(Gate::default());
        let taken: Vec<_> = (0..SLOTS).map(|_| ask(&pool, &gate)).collect();
        for _ in 0..10 {
            let answer = ask(&pool, &gate).await.unwrap();
            let expected = RpcResponse::refused(RefusalCode::Overloaded, "too many requests wait");
            assert_eq!(answer, expected.to_wire());
        }
        while gate.inside.load(Ordering::SeqCst) < RUNNING {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        gate.open();
        for answered in taken {
            let answer = answered.await.unwrap();
            assert_eq!(answer, RpcResponse::Pending.to_wire());
        }
        let most = gate.most.load(Ordering::SeqCst);
        assert_eq!(most, RUNNING);
        assert!(ask(&pool, &gate).await.is_ok(), "room again");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn closing_waits_for_running_work_and_starts_nothing() {
        let pool = Arc::new(WorkerPool::default());
        let gate = Arc::new(Gate::default());
        let asked: Vec<_> = (0..2 * RUNNING).map(|_| ask(&pool, &gate)).collect();
        while gate.inside.load(Ordering::SeqCst) < RUNNING {
            tokio::task::yield_now().await;
        }
        let closing = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.close().await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!closing.is_finished());
        gate.open();
        closing.await.unwrap();
        assert_eq!(gate.inside.load(Ordering::SeqCst), 0);
        let answers = futures::future::join_all(asked).await;
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(answered, RUNNING as usize);
    }
}
