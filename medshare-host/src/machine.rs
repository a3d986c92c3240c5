//! The machine below one node: its clock, its disk, its randomness and its threads.
//!
//! A node asks for them through this seam, so that tests can set back the clock or fill the disk of
//! one node among several in a process, and a simulation can decide all of them.

use std::io;
use std::path::Path;
use std::time::Duration;

use medshare_types::{RandomSource, Timestamp};

use crate::blocking::{self, TaskError};
use crate::{clock, files, os_random};

/// The clock, the disk, the randomness and the threads of one node. The methods answer for the real
/// machine unless overridden.
pub trait Machine: Send + Sync {
    /// The current time; it may be set forwards and backwards at any moment.
    fn now(&self) -> Timestamp {
        clock::now()
    }

    /// Bytes that may still be written to the disk of `path`, where the system tells.
    fn free_bytes(&self, path: &Path) -> Option<u64> {
        files::free_bytes(path)
    }

    /// Called before each write of the node's log, each sync of it, and each block and checkpoint of
    /// its ledger.
    ///
    /// # Errors
    /// The error that the write fails with, before it changes anything.
    fn before_write(&self) -> io::Result<()> {
        Ok(())
    }

    /// Fills `out` with fresh random bytes; see [`random`](#method.random).
    ///
    /// # Security
    /// Keys and nonces are made of them. Only a simulation may override it.
    fn fill_random(&self, out: &mut [u8]) {
        os_random().fill(out);
    }

    /// Threads that may compute at the same time, at least one.
    fn cores(&self) -> usize {
        blocking::cores()
    }

    /// How long the next piece of long work takes, on a machine whose work takes simulated time. It
    /// then runs on the runtime's own thread; `None` where the blocking pool does it.
    fn simulated_work(&self) -> Option<WorkTime> {
        None
    }
}

/// Simulated time of one piece of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkTime {
    /// From the call to the moment at which the work takes effect, all at once.
    pub before: Duration,
    /// From then until the caller learns of it.
    pub after: Duration,
}

impl<'m> dyn Machine + 'm {
    /// Runs `work` on tokio's blocking pool, for anything that takes a millisecond or more; in a
    /// simulation, when its time has come.
    ///
    /// Dropping the future does not stop the work.
    ///
    /// # Errors
    /// [`TaskError`] when the work did not run to its end.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TaskError> {
        let Some(WorkTime { before, after }) = self.simulated_work() else {
            return blocking::blocking(work).await;
        };
        let task = tokio::spawn(async move {
            tokio::time::sleep(before).await;
            let result = work();
            tokio::time::sleep(after).await;
            result
        });
        task.await.map_err(TaskError::from)
    }

    /// The machine's generator: that of the operating system, outside of simulations.
    #[must_use]
    pub fn random(&self) -> MachineRandom<'_> {
        MachineRandom(self)
    }
}

/// The generator of a [`Machine`].
#[derive(Clone, Copy)]
pub struct MachineRandom<'a>(&'a (dyn Machine + 'a));

impl RandomSource for MachineRandom<'_> {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.fill_random(out);
    }
}

impl std::fmt::Debug for MachineRandom<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MachineRandom")
    }
}

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Its random bytes are all 7, and its work takes half a minute.
    struct Simulated;

    impl Machine for Simulated {
        fn fill_random(&self, out: &mut [u8]) {
            out.fill(7);
        }

        fn simulated_work(&self) -> Option<WorkTime> {
            Some(WorkTime {
                before: Duration::from_secs(10),
                after: Duration::from_secs(20),
            })
        }
    }

    #[tokio::test]
    async fn work_leaves_the_runtimes_thread_unless_it_is_simulated() {
        tokio::time::pause();
        let thread = || std::thread::current().id();
        let own = thread();
        let real: Arc<dyn Machine> = Arc::new(ThisMachine);
        assert_ne!(real.blocking(thread).await.unwrap(), own);
        let simulated: Arc<dyn Machine> = Arc::new(Simulated);
        let begun = tokio::time::Instant::now();
        let done = simulated.blocking(move || (thread(), tokio::time::Instant::now()));
        let (where_done, when_done) = done.await.unwrap();
        assert_eq!(where_done, own);
        // Timers are rounded up to a millisecond.
        assert_eq!((when_done - begun).as_secs(), 10);
        assert_eq!(begun.elapsed().as_secs(), 30);
        assert!(simulated.blocking(|| panic!("out of order")).await.is_err());
    }

    #[test]
    fn random_bytes_are_the_machines() {
        let simulated: Arc<dyn Machine> = Arc::new(Simulated);
        assert_eq!(simulated.random().array(), [7; 16]);
        let real: Arc<dyn Machine> = Arc::new(ThisMachine);
        assert_ne!(real.random().array::<16>(), real.random().array());
    }
}
