//! Steady load: tasks that draw a call, do it, and hold its end against the model.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;

use crate::parent::model::Task;
use crate::parent::settle::Settled;
use crate::parent::world::World;

/// Longest pause between two calls of one task, milliseconds.
const LONGEST_PAUSE_MS: u64 = 150;

/// The tasks of one round of load.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts the tasks of a round. The same seed draws the same calls as long as their ends are the
    /// same.
    pub(super) fn start(world: &Arc<World>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for task in 0..world.options.tasks as u64 {
            let rng = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(64).wrapping_add(task));
            tasks.spawn(run(Arc::clone(world), rng, Arc::clone(&stop)));
        }
        Self { stop, tasks }
    }

    /// Lets calls in flight end.
    pub(super) async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn run(world: Arc<World>, mut rng: ChaCha8Rng, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let task = world.model().draw(&mut rng);
        perform(&world, task).await;
        let pause = rng.random_range(0..LONGEST_PAUSE_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// Does a call and records what contradicts, and what stopped. Returns true when it ended as
/// expected.
pub(super) async fn perform(world: &World, task: Task) -> bool {
    let kind = task.call.kind();
    let issued = Instant::now();
    let asked = world.ask(task.call).await;
    let settled = world.model().settle(task.about, asked);
    match settled {
        Ok(Settled::AsExpected) => true,
        Ok(Settled::Lost) => false,
        Ok(Settled::Stopped(failure)) => {
            world.judge_stop(kind, issued, &failure);
            false
        }
        Err(contradiction) => {
            world.find(kind, &contradiction);
            false
        }
    }
}
