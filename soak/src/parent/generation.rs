//! One consortium after the other, each in rounds of load, a fault, and a verification.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rustix::process::Signal;

use crate::parent::damage::{Saved, one_own_file, some_objects};
use crate::parent::disk::Disk;
use crate::parent::explain::Interference;
use crate::parent::faults::Fault;
use crate::parent::host::{Host, NotStarted};
use crate::parent::load::Load;
use crate::parent::model::{Model, ORGANISATIONS};
use crate::parent::verify::verify;
use crate::parent::world::{Asked, World};
use crate::protocol::{Call, Conduct, Failure};

/// Bytes from which a consortium is verified as a whole and replaced by a fresh one.
const LARGE: u64 = 96 << 20;
/// Seconds after which objects of no record are removed. No call is in flight then.
const SWEPT_AGE_S: u64 = 1;
/// Folders that are kept for a look.
const MOST_KEPT: usize = 4;

pub(super) struct Generations {
    world: Arc<World>,
    disk: Disk,
    rng: ChaCha8Rng,
    number: u64,
    /// Restored after the verification of the round.
    damaged_objects: Vec<Saved>,
}

impl Generations {
    pub(super) fn new(world: Arc<World>, disk: Disk) -> Self {
        if !disk.is_small() {
            let reason = "no small file system could be mounted, which takes root".to_owned();
            world
                .report()
                .skipped
                .insert("full disk".to_owned(), reason);
        }
        let rng = ChaCha8Rng::seed_from_u64(world.options.seed);
        Self {
            world,
            disk,
            rng,
            number: 0,
            damaged_objects: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> Result<()> {
        while !self.world.time_left().is_zero() {
            let before = self.world.findings();
            let name = format!("consortium-{}", self.number);
            let folder = self.disk.folder(&name);
            let journal = self.world.folder(&format!("journal-{}.jsonl", self.number));
            *self.world.model() = Model::default();
            self.world.report().generations += 1;
            self.world
                .say(&format!("a consortium is founded in {}", folder.display()));
            let mut host = Host::new(Arc::clone(&self.world), folder, journal);
            let ended = self.generation(&mut host, before).await;
            host.kill().await?;
            self.disk.free()?;
            if ended.is_err() || self.world.findings() > before {
                self.keep(&host.folder, &name)?;
            } else {
                std::fs::remove_file(&host.journal).context("the journal")?;
            }
            std::fs::remove_dir_all(&host.folder).context("the consortium's folder")?;
            ended?;
            self.world.summary()?;
            self.number += 1;
            if self.world.has_findings() && !self.world.options.keep_going {
                break;
            }
        }
        Ok(())
    }

    async fn generation(&mut self, host: &mut Host, before: u64) -> Result<()> {
        if self.rng.random_bool(0.5) {
            self.world.report().fault("kill while founding");
            for _ in 0..self.rng.random_range(1..4) {
                let after = Duration::from_millis(self.rng.random_range(0..1_500));
                self.world.say(&format!(
                    "killed {} ms into the founding",
                    after.as_millis()
                ));
                host.start_and_kill(after).await?;
            }
        }
        if !host.must_start().await? {
            return Ok(());
        }
        for _ in 0..self.rng.random_range(6..16) {
            self.round(host).await?;
            let used = Disk::used(&host.folder);
            {
                let mut report = self.world.report();
                report.largest_folder = report.largest_folder.max(used);
                report.largest_child_kib = report.largest_child_kib.max(host.memory_kib());
            }
            let good = self.world.findings() == before && host.is_running();
            if !good {
                return Ok(());
            }
            if used > LARGE || self.world.time_left().is_zero() {
                break;
            }
        }
        self.world
            .say("the consortium is verified as a whole, and replaced");
        self.sweep().await;
        verify(&self.world, true).await;
        host.terminate().await?;
        if host.must_start().await? {
            verify(&self.world, false).await;
            host.terminate().await?;
        }
        Ok(())
    }

    /// Load, a fault in the middle of it, and a verification.
    async fn round(&mut self, host: &mut Host) -> Result<()> {
        let fault = Fault::draw(&mut self.rng, self.disk.is_small());
        let load = Load::start(&self.world, self.rng.random());
        self.sleep(2_000, 12_000).await;
        self.world.say(&format!("fault: {fault:?}"));
        self.world.report().fault(fault.kind());
        self.inflict(host, fault).await?;
        self.sleep(1_000, 4_000).await;
        load.stop().await;
        if host.is_running() {
            verify(&self.world, false).await;
        }
        for damaged in self.damaged_objects.drain(..) {
            damaged.restore()?;
        }
        self.world.end(Interference::DamagedObjects);
        Ok(())
    }

    async fn sleep(&mut self, from: u64, to: u64) {
        let pause = self.rng.random_range(from..to);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    async fn inflict(&mut self, host: &mut Host, fault: Fault) -> Result<()> {
        match fault {
            Fault::Kill { starts } => {
                host.kill().await?;
                for after in starts {
                    self.world
                        .say(&format!("killed {} ms into a start", after.as_millis()));
                    self.world.report().fault("kill while starting");
                    host.start_and_kill(after).await?;
                }
                host.must_start().await?;
            }
            Fault::Terminate => {
                host.terminate().await?;
                host.must_start().await?;
            }
            Fault::Pause(lasts) => {
                self.world.begin(Interference::Paused);
                host.signal(Signal::STOP);
                tokio::time::sleep(lasts).await;
                host.signal(Signal::CONT);
                self.world.end(Interference::Paused);
                host.must_recover(Instant::now()).await;
            }
            Fault::FullDisk {
                leave,
                lasts,
                start,
            } => self.fill_disk(host, leave, lasts, start).await?,
            Fault::Silence {
                organisations,
                lasts,
            } => {
                let call = |organisation: &str, silent| Call::Silence {
                    organisation: organisation.to_owned(),
                    silent,
                };
                let kind = Interference::Silence;
                self.switch(host, kind, &organisations, lasts, call).await;
            }
            Fault::Clock {
                organisations,
                offset_ms,
                lasts,
            } => {
                let call = |organisation: &str, stepped| Call::Clock {
                    organisation: organisation.to_owned(),
                    offset_ms: if stepped { offset_ms } else { 0 },
                };
                let kind = Interference::Clock;
                self.switch(host, kind, &organisations, lasts, call).await;
            }
            Fault::Conduct {
                organisation,
                conduct,
                lasts,
            } => {
                let call = |organisation: &str, faulty| Call::Conduct {
                    organisation: organisation.to_owned(),
                    conduct: if faulty { conduct } else { Conduct::Honest },
                };
                let kind = Interference::Conduct;
                self.switch(host, kind, &[organisation], lasts, call).await;
            }
            Fault::Objects {
                organisation,
                lasts,
            } => self.damage_objects(host, organisation, lasts).await?,
            Fault::Member {
                organisation,
                orderly,
            } => self.damage_member(host, organisation, orderly).await?,
        }
        Ok(())
    }

    /// Removes what killed seals left in the stores, and nothing else.
    async fn sweep(&self) {
        for organisation in ORGANISATIONS {
            let issued = Instant::now();
            let call = Call::Sweep {
                organisation: organisation.to_owned(),
                age_s: SWEPT_AGE_S,
            };
            if let Asked::Failed(failure) = self.world.ask(call).await {
                self.world.judge_stop("sweep", issued, &failure);
            }
        }
    }

    async fn tell(&self, call: Call) {
        if let Asked::Failed(failure) = self.world.ask(call).await {
            let text = format!("{}: {}", failure.code, failure.text);
            self.world.find("not done", &text);
        }
    }

    async fn fill_disk(
        &mut self,
        host: &mut Host,
        leave: usize,
        lasts: Duration,
        start: bool,
    ) -> Result<()> {
        self.world.begin(Interference::FullDisk);
        self.disk.fill(leave)?;
        if start {
            host.kill().await?;
            let begun = Instant::now();
            if let Err(NotStarted { code, text }) = host.start().await? {
                let failure = Failure {
                    code,
                    text,
                    health: Vec::new(),
                };
                self.world.judge_stop("start", begun, &failure);
            }
        }
        tokio::time::sleep(lasts).await;
        self.disk.free()?;
        self.world.end(Interference::FullDisk);
        let freed = Instant::now();
        if !host.is_running() {
            host.must_start().await?;
            return Ok(());
        }
        let health = self.world.health().await.unwrap_or_default();
        let ended: Vec<_> = health.iter().filter(|member| member.ended).collect();
        if ended.is_empty() {
            host.must_recover(freed).await;
        } else {
            self.world
                .say(&format!("restarted after a full disk: {ended:?}"));
            self.world
                .report()
                .explained("restart after a full disk", &format!("{ended:?}"));
            host.kill().await?;
            host.must_start().await?;
        }
        Ok(())
    }

    /// Injects a fault into members, and takes it back after a while.
    async fn switch(
        &self,
        host: &Host,
        interference: Interference,
        organisations: &[&str],
        lasts: Duration,
        call: impl Fn(&str, bool) -> Call,
    ) {
        self.world.begin(interference);
        for faulty in [true, false] {
            for organisation in organisations {
                self.tell(call(organisation, faulty)).await;
            }
            if faulty {
                tokio::time::sleep(lasts).await;
            }
        }
        self.world.end(interference);
        host.must_recover(Instant::now()).await;
    }

    /// Every record has a second copy elsewhere, so nothing may be missed until the copies are
    /// restored, after the round's verification.
    async fn damage_objects(
        &mut self,
        host: &Host,
        organisation: &str,
        lasts: Duration,
    ) -> Result<()> {
        self.world.begin(Interference::DamagedObjects);
        let member = host.folder.join("members").join(organisation);
        for path in some_objects(&member, &mut self.rng) {
            let damaged = Saved::damage(path, &mut self.rng)?;
            self.world
                .say(&format!("{}: {}", damaged.path.display(), damaged.change));
            self.damaged_objects.push(damaged);
        }
        tokio::time::sleep(lasts).await;
        Ok(())
    }

    /// The others start without the member, which comes back as the operations page says.
    async fn damage_member(
        &mut self,
        host: &mut Host,
        organisation: &str,
        orderly: bool,
    ) -> Result<()> {
        if orderly {
            host.terminate().await?;
        } else {
            host.kill().await?;
        }
        let member = host.folder.join("members").join(organisation);
        let Some(path) = one_own_file(&member, &mut self.rng) else {
            host.must_start().await?;
            return Ok(());
        };
        self.world.begin(Interference::DamagedMember);
        let saved = Saved::damage(path, &mut self.rng)?;
        self.world
            .say(&format!("{}: {}", saved.path.display(), saved.change));
        // A rebuilt ledger begins again.
        self.world.model().verified.clear();
        let begun = Instant::now();
        if let Err(NotStarted { code, text }) = host.start().await? {
            let path = saved.path.display();
            self.world.find(
                "one damaged file stops all",
                &format!("{path}: {code}: {text}"),
            );
            saved.restore()?;
            host.must_start().await?;
        } else {
            self.sleep(0, 5_000).await;
            self.bring_back(host, organisation, &saved).await?;
            host.must_recover(begun).await;
        }
        self.world.end(Interference::DamagedMember);
        Ok(())
    }

    /// Rebuilds the member, or restores its saved file, as its health says.
    async fn bring_back(&self, host: &mut Host, organisation: &str, saved: &Saved) -> Result<()> {
        match host.problem_of(organisation).await {
            Some(problem) if problem.contains("rebuild") => {
                self.world
                    .report()
                    .explained("rebuilt: damaged member", &problem);
                self.world.say(&format!("rebuilt: {problem}"));
                let organisation = organisation.to_owned();
                self.tell(Call::Rebuild { organisation }).await;
            }
            Some(problem) if problem.contains("restore") => {
                self.world
                    .report()
                    .explained("restored: damaged member", &problem);
                self.world.say(&format!("restored: {problem}"));
                host.terminate().await?;
                saved.restore()?;
                host.must_start().await?;
            }
            Some(problem) => self.world.say(&format!("comes back by itself: {problem}")),
            None => self.world.say("the damage does no harm"),
        }
        host.must_come_back(organisation).await;
        Ok(())
    }

    /// Copies the folder of a consortium with findings.
    fn keep(&self, folder: &Path, name: &str) -> Result<()> {
        let mut report = self.world.report();
        if report.kept.len() >= MOST_KEPT {
            return Ok(());
        }
        let kept = self.world.folder(&format!("kept-{name}"));
        let copied = Command::new("cp").arg("-a").arg(folder).arg(&kept).status();
        copied.context("cp")?;
        report.kept.push(kept.display().to_string());
        Ok(())
    }
}
