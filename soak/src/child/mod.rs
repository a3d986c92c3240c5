//! The process that runs the consortium and does what it is told on its input.

mod calls;
mod journal;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64ct::{Base64, Encoding as _};
use medshare_sdk::TrustAnchor;
use medshare_sdk::keystore::PassphraseCost;
use medshare_sdk::local::{LocalBuilder, LocalConsortium};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::signal::unix::{SignalKind, signal};

use crate::child::calls::perform;
use crate::child::journal::Journal;
use crate::protocol::{Line, Outcome, Ready, Reply, Request};

/// Members of the consortium.
pub(crate) const MEMBERS: usize = 4;
/// Exit code when the consortium did not start.
const NOT_STARTED: u8 = 3;
/// Exit code when the consortium did not stop well.
const NOT_STOPPED: u8 = 4;
/// Longest wait for members to close their files.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// A cost that does not resist guessing: the keys guard nothing.
const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
};

/// The child's command line.
#[derive(clap::Parser)]
pub(crate) struct Options {
    /// The consortium's folder; founded if it is empty
    #[arg(long)]
    folder: PathBuf,
    /// The file of acknowledged results.
    #[arg(long)]
    journal: PathBuf,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    // Before the start, so that a stop that is asked for early is orderly too.
    let mut terminate = signal(SignalKind::terminate())?;
    let journal = Arc::new(Journal::open(&options.journal).context("the journal")?);
    let builder = LocalBuilder::new(MEMBERS)
        .with_folder(&options.folder)
        .with_passphrase("soak")
        .with_passphrase_cost(CHEAP);
    let consortium = match builder.start().await {
        Ok(consortium) => consortium,
        Err(error) => return refused(&journal, &error, NOT_STARTED),
    };
    // That of the founding: what the consortium followed since differs from start to start.
    let anchor = TrustAnchor::new(consortium.trust_anchor().genesis().clone()).to_bytes();
    let verified = consortium.verified_heights();
    journal.tell(&Line::Ready(Ready {
        anchor: Base64::encode_string(&anchor),
        verified: verified.into_iter().map(|height| height.0).collect(),
    }))?;

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            _ = terminate.recv() => None,
        };
        let Some(line) = line else { break };
        let request: Request = serde_json::from_str(&line).context("a line of the parent")?;
        tokio::spawn(serve(consortium.clone(), Arc::clone(&journal), request));
    }
    let stopped = tokio::time::timeout(STOP_PATIENCE, consortium.shut_down()).await;
    match stopped.context("members did not stop")? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => refused(&journal, &error, NOT_STOPPED),
    }
}

async fn serve(consortium: LocalConsortium, journal: Arc<Journal>, request: Request) {
    let journaled = request.call.is_journaled();
    let outcome = match perform(&consortium, request.call).await {
        Ok(answer) => Outcome::Done(answer),
        Err(error) => Outcome::Failed(calls::failure(&consortium, &error).await),
    };
    let acknowledged = journaled && matches!(outcome, Outcome::Done(_));
    let line = Line::Reply(Reply {
        id: request.id,
        outcome,
    });
    let written = tokio::task::spawn_blocking(move || {
        if acknowledged {
            journal.acknowledge(&line)
        } else {
            journal.tell(&line)
        }
    });
    let written = match written.await {
        // The process ends: what was not written was not acknowledged.
        Err(ended) if ended.is_cancelled() => return,
        written => written.map_err(io::Error::other).flatten(),
    };
    // Without a journal nothing more can be acknowledged.
    if let Err(error) = written {
        eprintln!("soak: the journal, which lies outside the disk under test: {error}");
        std::process::abort();
    }
}

fn refused(journal: &Journal, error: &medshare_sdk::Error, exit: u8) -> Result<ExitCode> {
    journal.tell(&Line::Refused {
        code: error.code().to_owned(),
        text: calls::chain_of(error),
    })?;
    Ok(ExitCode::from(exit))
}
