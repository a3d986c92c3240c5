//! What all tasks of the parent share: the model, the child to speak to, the log, the findings.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::parent::Options;
use crate::parent::explain::{self, Interference, Interferences};
use crate::parent::lock::locked;
use crate::parent::model::Model;
use crate::parent::process::Link;
use crate::parent::report::Report;
use crate::protocol::{Answer, Call, Failure, Member, Outcome};

/// A call without an end is looked into after this time, then again.
const STALL: Duration = Duration::from_secs(60);
/// Looks after which a call counts as never ending.
const LOOKS: u32 = 5;
/// For the health of a child that answers nothing else.
const HEALTH_PATIENCE: Duration = Duration::from_secs(20);

/// How a call ended, as the parent sees it.
pub(super) enum Asked {
    Done(Answer),
    Failed(Failure),
    /// The child ended first: the call may or may not have taken effect.
    Lost,
}

pub(super) struct World {
    pub(super) options: Options,
    begun: Instant,
    log: Mutex<File>,
    model: Mutex<Model>,
    report: Mutex<Report>,
    link: Mutex<Option<Arc<Link>>>,
    interferences: Mutex<Interferences>,
}

impl World {
    pub(super) fn new(options: Options, small_disk: bool) -> Result<Self> {
        let path = options.dir.join("soak.log");
        let log = File::options().create(true).append(true).open(&path);
        let report = Report::new(options.seed, small_disk);
        let world = Self {
            begun: Instant::now(),
            log: Mutex::new(log.with_context(|| path.display().to_string())?),
            model: Mutex::default(),
            report: Mutex::new(report),
            link: Mutex::default(),
            interferences: Mutex::default(),
            options,
        };
        let Options { seed, length, .. } = &world.options;
        world.say(&format!(
            "seed {seed}, for {} s, small disk: {small_disk}",
            length.as_secs()
        ));
        Ok(world)
    }

    /// Writes a line to the log and the screen.
    pub(super) fn say(&self, text: &str) {
        let at = self.begun.elapsed().as_secs_f64();
        let line = format!("{at:9.2} {text}");
        println!("{line}");
        // The log is for people; a full disk below it must not end the run.
        let _ = writeln!(locked(&self.log), "{line}");
    }

    /// Records something that was lost, or that is wrong.
    pub(super) fn find(&self, what: &str, text: &str) {
        self.say(&format!("LOST OR WRONG: {what}: {text}"));
        self.report().lost(format!("{what}: {text}"));
    }

    /// Records a stop that nothing explains.
    pub(super) fn unexplained(&self, text: String) {
        self.say(&format!("UNEXPLAINED STOP: {text}"));
        self.report().unexplained(text);
    }

    pub(super) fn time_left(&self) -> Duration {
        self.options.length.saturating_sub(self.begun.elapsed())
    }

    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        locked(&self.model)
    }

    pub(super) fn report(&self) -> MutexGuard<'_, Report> {
        locked(&self.report)
    }

    /// True once something was found that fails the run.
    pub(super) fn has_findings(&self) -> bool {
        !self.report().is_good()
    }

    pub(super) fn findings(&self) -> u64 {
        self.report().findings()
    }

    pub(super) fn connect(&self, link: Option<Arc<Link>>) {
        *locked(&self.link) = link;
    }

    pub(super) fn begin(&self, interference: Interference) {
        locked(&self.interferences).begin(interference);
    }

    pub(super) fn end(&self, interference: Interference) {
        locked(&self.interferences).end(interference);
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.options.dir.join(name)
    }

    /// Does a call, and looks into it when it does not end.
    pub(super) async fn ask(&self, call: Call) -> Asked {
        let link = locked(&self.link).clone();
        let Some(link) = link else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Asked::Lost;
        };
        let kind = call.kind();
        let issued = Instant::now();
        let mut outcome = link.send(call).await;
        for look in 1..=LOOKS {
            match tokio::time::timeout(STALL, &mut outcome).await {
                Ok(Ok(Outcome::Done(answer))) => {
                    self.report().done(kind);
                    return Asked::Done(answer);
                }
                Ok(Ok(Outcome::Failed(failure))) => return Asked::Failed(failure),
                Ok(Err(_)) => return Asked::Lost,
                Err(_) => self.look_into_stall(&link, kind, issued, look).await,
            }
        }
        self.find("a call never ended", kind);
        Asked::Lost
    }

    async fn look_into_stall(&self, link: &Link, kind: &str, issued: Instant, look: u32) {
        let asked = link.send(Call::Health).await;
        let failure = match tokio::time::timeout(HEALTH_PATIENCE, asked).await {
            Ok(Ok(Outcome::Done(Answer::Health { members }))) => Failure {
                code: "stalled".to_owned(),
                text: format!("{kind} goes on for {} s", issued.elapsed().as_secs()),
                health: members,
            },
            Ok(Err(_)) => return,
            _ => Failure {
                code: "stalled".to_owned(),
                text: format!("{kind} and health() give no answer"),
                health: Vec::new(),
            },
        };
        self.say(&format!("look {look} into a stall"));
        self.judge_stop(kind, issued, &failure);
    }

    /// The members' health, if the child tells it.
    pub(super) async fn health(&self) -> Option<Vec<Member>> {
        match self.ask(Call::Health).await {
            Asked::Done(Answer::Health { members }) => Some(members),
            _ => None,
        }
    }

    /// Holds a stop against what the members told; an unexplained one fails the run.
    pub(super) fn judge_stop(&self, what: &str, issued: Instant, failure: &Failure) {
        let during = locked(&self.interferences).since(issued);
        let told: Vec<&str> = failure
            .health
            .iter()
            .filter_map(|member| member.problem.as_deref())
            .collect();
        let text = format!(
            "{what}: {}: {} | health: [{}] | injected: {during:?}",
            failure.code,
            failure.text,
            told.join("; ")
        );
        match explain::explain(failure, &during) {
            Some(explanation) => self.report().explained(explanation, &text),
            None => self.unexplained(text),
        }
    }

    /// The report up to now, which is also written to its file.
    pub(super) fn summary(&self) -> Result<Report> {
        let mut report = self.report().clone();
        report.seconds = self.begun.elapsed().as_secs();
        if let Some(path) = &self.options.report {
            let json = serde_json::to_string_pretty(&report)?;
            std::fs::write(path, json).with_context(|| path.display().to_string())?;
        }
        Ok(report)
    }
}
