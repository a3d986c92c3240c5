//! The child: started, signalled, spoken to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader as StdBufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;

use crate::parent::lock::locked;
use crate::protocol::{Call, Line, Outcome, Ready, Request};

/// Numbers of calls, never repeated within a run: journals of several children are one file.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// How a start ended.
#[derive(Debug)]
pub(super) enum Started {
    Ready(Ready),
    /// The typed error that the start ended with.
    Refused {
        code: String,
        text: String,
    },
    /// The process ended without a word.
    Ended,
}

/// A child, with its pipes.
pub(super) struct Child {
    process: tokio::process::Child,
    pid: Option<Pid>,
    pub(super) link: Arc<Link>,
    started: Option<oneshot::Receiver<Started>>,
    refused_at_end: Arc<Mutex<Option<String>>>,
}

/// The way to speak to a child.
pub(super) struct Link {
    stdin: tokio::sync::Mutex<ChildStdin>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    ended: bool,
    calls: BTreeMap<u64, oneshot::Sender<Outcome>>,
}

impl Child {
    pub(super) fn spawn(folder: &Path, journal: &Path, log: &Path) -> Result<Self> {
        let program = std::env::current_exe()?;
        let read_from = std::fs::metadata(journal).map_or(0, |file| file.len());
        let errors = File::options().create(true).append(true).open(log)?;
        let mut process = Command::new(program)
            .arg(crate::CHILD)
            .arg("--folder")
            .arg(folder)
            .arg("--journal")
            .arg(journal)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .context("the child")?;
        let stdin = process.stdin.take().context("the child's input")?;
        let stdout = process.stdout.take().context("the child's output")?;
        let pid = process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let link = Arc::new(Link {
            stdin: tokio::sync::Mutex::new(stdin),
            waiting: Mutex::default(),
        });
        let (tell, started) = oneshot::channel();
        let refused_at_end = Arc::new(Mutex::new(None));
        let reader = Reader {
            link: Arc::clone(&link),
            journal: journal.to_owned(),
            read_from,
            started: Some(tell),
            refused_at_end: Arc::clone(&refused_at_end),
        };
        tokio::spawn(reader.run(stdout));
        Ok(Self {
            process,
            pid,
            link,
            started: Some(started),
            refused_at_end,
        })
    }

    /// Waits for the first line; once only.
    pub(super) async fn started(&mut self) -> Started {
        match self.started.take() {
            Some(started) => started.await.unwrap_or(Started::Ended),
            None => Started::Ended,
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // A process that ended a moment ago takes no signal.
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for the process to end.
    pub(super) async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.process.wait().await?;
        self.pid = None;
        Ok(status)
    }

    /// KiB of resident memory, as Linux tells; 0 elsewhere.
    pub(super) fn memory_kib(&self) -> u64 {
        let id = self.process.id().unwrap_or(0);
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let mut lines = status.lines();
        let size = lines.find_map(|line| line.strip_prefix("VmRSS:"));
        let size = size.and_then(|size| size.trim().strip_suffix(" kB")?.parse().ok());
        size.unwrap_or(0)
    }

    /// The refusal that the child ended with, if any.
    pub(super) fn last_words(&self) -> Option<String> {
        locked(&self.refused_at_end).clone()
    }
}

impl Link {
    /// Hands a call in. The receiver fails when the process ends without an acknowledged result.
    pub(super) async fn send(&self, call: Call) -> oneshot::Receiver<Outcome> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let (tell, outcome) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if waiting.ended {
                return outcome;
            }
            waiting.calls.insert(id, tell);
        }
        let line = serde_json::to_string(&Request { id, call });
        let mut line = line.unwrap_or_default();
        line.push('\n');
        // A broken pipe shows at the other end too: the reader then drops the call.
        let _ = self.stdin.lock().await.write_all(line.as_bytes()).await;
        outcome
    }

    fn settle(&self, line: &str) -> Option<Line> {
        match serde_json::from_str(line).ok()? {
            Line::Reply(reply) => {
                if let Some(tell) = self.lock().calls.remove(&reply.id) {
                    let _ = tell.send(reply.outcome);
                }
                None
            }
            other => Some(other),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        locked(&self.waiting)
    }
}

/// Reads the child's output to its end, then the journal: results may be in it that the pipe has
/// not.
struct Reader {
    link: Arc<Link>,
    journal: PathBuf,
    read_from: u64,
    started: Option<oneshot::Sender<Started>>,
    refused_at_end: Arc<Mutex<Option<String>>>,
}

impl Reader {
    async fn run(mut self, stdout: ChildStdout) {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match self.link.settle(&line) {
                Some(Line::Ready(ready)) => self.start(Started::Ready(ready)),
                Some(Line::Refused { code, text }) => {
                    let words = format!("{code}: {text}");
                    *locked(&self.refused_at_end) = Some(words);
                    self.start(Started::Refused { code, text });
                }
                Some(Line::Reply(_)) | None => {}
            }
        }
        for line in self.acknowledged() {
            self.link.settle(&line);
        }
        let mut waiting = self.link.lock();
        waiting.ended = true;
        waiting.calls.clear();
    }

    fn start(&mut self, started: Started) {
        if let Some(tell) = self.started.take() {
            let _ = tell.send(started);
        }
    }

    /// The journal's lines of this child. A torn last line was not acknowledged.
    fn acknowledged(&self) -> Vec<String> {
        let Ok(mut file) = File::open(&self.journal) else {
            return Vec::new();
        };
        if file.seek(SeekFrom::Start(self.read_from)).is_err() {
            return Vec::new();
        }
        let lines = StdBufReader::new(file).lines();
        lines.map_while(Result::ok).collect()
    }
}
