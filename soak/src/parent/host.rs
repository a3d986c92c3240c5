//! The consortium under test: started, ended, and started again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use crate::parent::explain::Interference;
use crate::parent::load::perform;
use crate::parent::process::{Child, Started};
use crate::parent::world::World;
use crate::protocol::{Failure, Ready};

/// Longest start, founding included.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Longest time for members to close their files.
const STOP_PATIENCE: Duration = Duration::from_secs(90);
/// Longest time from a fault's end until calls are done again.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(90);

pub(super) struct Host {
    world: Arc<World>,
    pub(super) folder: PathBuf,
    pub(super) journal: PathBuf,
    child: Option<Child>,
}

/// A start that did not lead to a running consortium.
#[derive(Debug)]
pub(super) struct NotStarted {
    pub(super) code: String,
    pub(super) text: String,
}

impl Host {
    pub(super) const fn new(world: Arc<World>, folder: PathBuf, journal: PathBuf) -> Self {
        Self {
            world,
            folder,
            journal,
            child: None,
        }
    }

    fn spawn(&self) -> Result<Child> {
        Child::spawn(&self.folder, &self.journal, &self.world.folder("child.log"))
    }

    /// Starts the child and kills it after a while, whether or not it has started by then.
    pub(super) async fn start_and_kill(&mut self, after: Duration) -> Result<()> {
        let mut child = self.spawn()?;
        tokio::time::sleep(after).await;
        child.signal(Signal::KILL);
        child.wait().await?;
        self.world.report().restarts += 1;
        Ok(())
    }

    /// Starts the child and waits until the consortium runs.
    pub(super) async fn start(&mut self) -> Result<Result<(), NotStarted>> {
        let mut child = self.spawn()?;
        self.world.report().restarts += 1;
        let started = tokio::time::timeout(START_PATIENCE, child.started()).await;
        let not_started = match started {
            Ok(Started::Ready(ready)) => {
                self.world.connect(Some(Arc::clone(&child.link)));
                self.child = Some(child);
                self.check(ready);
                return Ok(Ok(()));
            }
            Ok(Started::Refused { code, text }) => NotStarted { code, text },
            Ok(Started::Ended) => NotStarted {
                code: "ended".to_owned(),
                text: "the process ended without a word".to_owned(),
            },
            Err(_) => NotStarted {
                code: "hangs".to_owned(),
                text: format!("no start within {} s", START_PATIENCE.as_secs()),
            },
        };
        child.signal(Signal::KILL);
        child.wait().await?;
        Ok(Err(not_started))
    }

    /// Starts the child where nothing may keep it from starting, and waits for the first call that
    /// needs everything.
    pub(super) async fn must_start(&mut self) -> Result<bool> {
        let begun = Instant::now();
        match self.start().await? {
            Ok(()) => Ok(self.must_recover(begun).await),
            Err(NotStarted { code, text }) => {
                let failure = Failure {
                    code,
                    text,
                    health: Vec::new(),
                };
                self.world.judge_stop("start", begun, &failure);
                self.world
                    .find("no start", &format!("{}: {}", failure.code, failure.text));
                Ok(false)
            }
        }
    }

    /// The trust anchor and each member's ledger are those from before, or later.
    fn check(&self, ready: Ready) {
        let mut model = self.world.model();
        let anchor = model.anchor.get_or_insert_with(|| ready.anchor.clone());
        let same = *anchor == ready.anchor;
        let went_back = model
            .verified
            .iter()
            .zip(&ready.verified)
            .any(|(old, new)| new < old);
        let text = format!("{:?} after {:?}", ready.verified, model.verified);
        model.verified = ready.verified;
        drop(model);
        if !same {
            self.world.find("another trust anchor", &ready.anchor);
        }
        if went_back {
            self.world.find("a ledger went back", &text);
        }
    }

    /// Waits for the first call that needs everything, and counts the time since `begun`.
    pub(super) async fn must_recover(&self, begun: Instant) -> bool {
        let asked = Instant::now();
        while asked.elapsed() < RECOVERY_PATIENCE {
            let probe = self.world.model().probe();
            if perform(&self.world, probe).await {
                let took = begun.elapsed();
                self.world.report().recovered(took);
                self.world
                    .say(&format!("recovered after {} ms", took.as_millis()));
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let health = self.world.health().await;
        let text = format!("for {} s: {health:?}", asked.elapsed().as_secs());
        self.world.find("no recovery", &text);
        false
    }

    /// What keeps a member from its work, by its health.
    pub(super) async fn problem_of(&self, organisation: &str) -> Option<String> {
        let members = self.world.health().await?;
        let mut members = members.into_iter();
        members
            .find(|member| member.organisation == organisation)?
            .problem
    }

    /// Waits until a member has no problem any more but a full disk or a wrong clock, which are
    /// none of its own.
    pub(super) async fn must_come_back(&self, organisation: &str) {
        let begun = Instant::now();
        let mut problem = None;
        while begun.elapsed() < RECOVERY_PATIENCE {
            problem = self.problem_of(organisation).await;
            let problem = problem.as_deref().unwrap_or_default();
            if problem.is_empty() || problem.contains("the clock of") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.world
            .find("a member does not come back", &format!("{problem:?}"));
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(child) = &self.child {
            child.signal(signal);
        }
    }

    /// KiB of memory of the child, where the system tells.
    pub(super) fn memory_kib(&self) -> u64 {
        self.child.as_ref().map_or(0, Child::memory_kib)
    }

    pub(super) const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Ends the child by SIGKILL.
    pub(super) async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.signal(Signal::KILL);
            let status = child.wait().await?;
            if status.code().is_some() {
                let words = child.last_words().unwrap_or_default();
                self.world
                    .find("the process ended by itself", &format!("{status} {words}"));
            }
        }
        self.world.connect(None);
        Ok(())
    }

    /// Ends the child in order, by SIGTERM.
    pub(super) async fn terminate(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let begun = Instant::now();
        self.world.begin(Interference::Stopping);
        child.signal(Signal::TERM);
        let ended = tokio::time::timeout(STOP_PATIENCE, child.wait()).await;
        self.world.end(Interference::Stopping);
        self.world.connect(None);
        let (code, text) = match ended {
            Ok(status) => {
                let status = status?;
                if status.success() {
                    return Ok(());
                }
                let words = child.last_words().unwrap_or_default();
                ("stop", format!("{status}: {words}"))
            }
            Err(_) => {
                child.signal(Signal::KILL);
                child.wait().await?;
                (
                    "stop_hangs",
                    format!("no stop within {} s", STOP_PATIENCE.as_secs()),
                )
            }
        };
        let failure = Failure {
            code: code.to_owned(),
            text,
            health: Vec::new(),
        };
        self.world.judge_stop("orderly stop", begun, &failure);
        Ok(())
    }
}
