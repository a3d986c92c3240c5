//! Answers that take a while, worked out beside the member's task: few at a time, a bounded number
//! in line.

use std::sync::Arc;

use medshare_host::blocking;
use medshare_ledger::{RefusalCode, RpcResponse};
use medshare_types::Wire as _;
use tokio::sync::{Semaphore, oneshot};

/// Answers that are worked out at the same time at the most.
const AT_WORK: u32 = 16;
/// Answers at work or in line at the most; whoever comes on top is told to come again.
const PLACES: u32 = 256;

/// Where answers are worked out.
pub(crate) struct WorkerPool {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for WorkerPool {
    fn default() -> Self {
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        Self {
            places: semaphore(PLACES),
            turns: semaphore(AT_WORK),
        }
    }
}

impl WorkerPool {
    /// Has `work` done on a blocking thread when its turn comes, and its result sent.
    pub(crate) fn run(
        &self,
        answer: oneshot::Sender<Vec<u8>>,
        work: impl FnOnce() -> RpcResponse + Send + 'static,
    ) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let refusal = RpcResponse::refused(RefusalCode::Overloaded, "too many requests wait");
            // Whoever asked may have gone.
            let _ = answer.send(refusal.to_wire());
            return;
        };
        let turns = Arc::clone(&self.turns);
        drop(tokio::spawn(async move {
            let _place = place;
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

    /// Lets nobody's turn come any more and waits for what is at work, which uses the ledger.
    pub(crate) async fn close(&self) {
        self.turns.close();
        let _ = self.places.acquire_many(PLACES).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Condvar, Mutex};
    use std::time::Duration;

    use super::*;

    /// Counts who is in, and holds everybody back until it is opened.
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

    fn ask(desk: &WorkerPool, gate: &Arc<Gate>) -> oneshot::Receiver<Vec<u8>> {
        let (answer, answered) = oneshot::channel();
        let gate = Arc::clone(gate);
        desk.run(answer, move || gate.pass());
        answered
    }

    #[tokio::test]
    async fn few_are_at_work_some_in_line_and_the_rest_comes_again() {
        let (desk, gate) = (WorkerPool::default(), Arc::new(Gate::default()));
        let taken: Vec<_> = (0..PLACES).map(|_| ask(&desk, &gate)).collect();
        for _ in 0..10 {
            let answer = ask(&desk, &gate).await.unwrap();
            let expected = RpcResponse::refused(RefusalCode::Overloaded, "too many requests wait");
            assert_eq!(answer, expected.to_wire());
        }
        while gate.inside.load(Ordering::SeqCst) < AT_WORK {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        gate.open();
        for answered in taken {
            let answer = answered.await.unwrap();
            assert_eq!(answer, RpcResponse::Pending.to_wire());
        }
        let most = gate.most.load(Ordering::SeqCst);
        assert_eq!(most, AT_WORK);
        assert!(ask(&desk, &gate).await.is_ok(), "room again");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn closing_waits_for_what_is_at_work_and_starts_nothing() {
        let (desk, gate) = (Arc::new(WorkerPool::default()), Arc::new(Gate::default()));
        let asked: Vec<_> = (0..2 * AT_WORK).map(|_| ask(&desk, &gate)).collect();
        while gate.inside.load(Ordering::SeqCst) < AT_WORK {
            tokio::task::yield_now().await;
        }
        let closing = tokio::spawn({
            let desk = Arc::clone(&desk);
            async move { desk.close().await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!closing.is_finished());
        gate.open();
        closing.await.unwrap();
        assert_eq!(gate.inside.load(Ordering::SeqCst), 0);
        let answers = futures::future::join_all(asked).await;
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(answered, AT_WORK as usize);
    }
}
