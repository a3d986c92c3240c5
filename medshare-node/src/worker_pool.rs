//! Answers that take long, computed beside the node's task: few at a time, a bounded number queued.

use std::sync::Arc;

use medshare_host::Machine;
use medshare_ledger::{RefusalCode, RpcResponse};
use medshare_types::Wire as _;
use tokio::sync::{Semaphore, oneshot};

/// Answers of one pool that are made from the disk at the same time.
const READING: usize = 16;
/// Upper bound of answers running or queued; further requests are refused as overload.
pub(crate) const SLOTS: u32 = 256;

/// A bounded pool for answers.
pub(crate) struct WorkerPool {
    machine: Arc<dyn Machine>,
    slots: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// Answers of different cost do not wait for each other.
pub(crate) struct Workers {
    /// Proofs and the member's status.
    pub(crate) proofs: WorkerPool,
    /// Checks of submitted transactions.
    pub(crate) checks: WorkerPool,
    /// Release shares, which take the most time of all.
    pub(crate) shares: WorkerPool,
}

impl Workers {
    pub(crate) fn on(machine: &Arc<dyn Machine>) -> Self {
        let pool = |running| WorkerPool::new(running, Arc::clone(machine));
        Self {
            proofs: pool(READING),
            checks: pool(machine.cores()),
            shares: pool(machine.cores()),
        }
    }

    /// Starts nothing more and waits for running work, which uses the ledger.
    pub(crate) async fn close(&self) {
        self.checks.close().await;
        self.shares.close().await;
        self.proofs.close().await;
    }
}

/// Refuses a request for which there is no room.
pub(crate) fn refuse_as_overload(answer: oneshot::Sender<Vec<u8>>) {
    let refusal = RpcResponse::refused(RefusalCode::Overloaded, "too many requests wait");
    // The client may have hung up.
    let _ = answer.send(refusal.to_wire());
}

impl WorkerPool {
    /// A pool that runs so many at the same time.
    fn new(running: usize, machine: Arc<dyn Machine>) -> Self {
        Self {
            machine,
            slots: Arc::new(Semaphore::new(SLOTS as usize)),
            turns: Arc::new(Semaphore::new(running)),
        }
    }

    /// Runs `work` on a blocking thread when its turn comes, and sends its result.
    pub(crate) fn run(
        &self,
        answer: oneshot::Sender<Vec<u8>>,
        work: impl FnOnce() -> RpcResponse + Send + 'static,
    ) {
        // The client may have hung up.
        self.run_then(
            answer,
            || work().to_wire(),
            |bytes, answer| drop(answer.send(bytes)),
        );
    }

    /// Runs `work` on a blocking thread when its turn comes, and gives its result and the client's
    /// channel to `then`.
    pub(crate) fn run_then<T: Send + 'static>(
        &self,
        answer: oneshot::Sender<Vec<u8>>,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(T, oneshot::Sender<Vec<u8>>) + Send + 'static,
    ) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            refuse_as_overload(answer);
            return;
        };
        let turns = Arc::clone(&self.turns);
        let machine = Arc::clone(&self.machine);
        drop(tokio::spawn(async move {
            let _slot = slot;
            let Ok(_turn) = turns.acquire().await else {
                return;
            };
            if answer.is_closed() {
                return;
            }
            match machine.blocking(work).await {
                Ok(result) => then(result, answer),
                Err(error) => {
                    tracing::error!(%error, "a request was not answered");
                    let refusal = RpcResponse::refused(RefusalCode::Internal, error.to_string());
                    // The client may have hung up.
                    let _ = answer.send(refusal.to_wire());
                }
            }
        }));
    }

    /// Starts nothing more and waits for running work, which uses the ledger.
    async fn close(&self) {
        self.turns.close();
        let _ = self.slots.acquire_many(SLOTS).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Condvar, Mutex};
    use std::time::Duration;

    use medshare_host::ThisMachine;

    use super::*;

    const RUNNING: u32 = 16;

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

    fn pool(running: u32) -> WorkerPool {
        WorkerPool::new(running as usize, Arc::new(ThisMachine))
    }

    fn ask(pool: &WorkerPool, gate: &Arc<Gate>) -> oneshot::Receiver<Vec<u8>> {
        let (answer, answered) = oneshot::channel();
        let gate = Arc::clone(gate);
        pool.run(answer, move || gate.pass());
        answered
    }

    #[tokio::test]
    async fn few_run_some_wait_and_the_rest_are_refused() {
        let pool = pool(RUNNING);
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

    #[tokio::test]
    async fn work_that_panics_is_answered() {
        let pool = pool(1);
        for _ in 0..2 {
            let (answer, answered) = oneshot::channel();
            pool.run(answer, || panic!("a defect"));
            let answer = RpcResponse::from_wire(&answered.await.unwrap()).unwrap();
            let RpcResponse::Refused(refusal) = answer else {
                panic!("{answer:?}");
            };
            assert_eq!(refusal.code, RefusalCode::Internal);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn closing_waits_for_running_work_and_starts_nothing() {
        let pool = Arc::new(pool(RUNNING));
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
