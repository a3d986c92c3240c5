//! The votes that honest members send.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use medshare_consensus::{LogRecord, Message, Vote};
use medshare_host::files::FileMark;
use medshare_node::log::{ConsensusLog, Storage};
use medshare_types::{ChainId, Digest, Height, Phase, ReplicaId, Signature, View, Wire as _};

use crate::frame::Body;
use crate::report::{Property, Violation};

/// What a machine has durably when a message leaves.
#[derive(Clone, Copy)]
pub(crate) struct OnDisk<'a> {
    pub(crate) chain: ChainId,
    pub(crate) log: &'a [u8],
    /// Whether its ledger has this block.
    pub(crate) decided: &'a dyn Fn(Height, &Digest) -> bool,
}

/// The votes seen so far.
#[derive(Debug, Default)]
pub(crate) struct Votes {
    ballots: BTreeMap<(ReplicaId, bool, Height, View), Digest>,
    /// The highest view of a commit.
    commits: BTreeMap<(ReplicaId, Height), View>,
    /// Signatures that were durable when they left first.
    durable: BTreeSet<(usize, [u8; 64])>,
    /// The highest vote of a machine.
    highest: BTreeMap<usize, Height>,
}

impl Votes {
    pub(crate) fn lost(&mut self, host: usize) {
        self.highest.remove(&host);
    }

    pub(crate) fn highest(&self, host: usize) -> Height {
        self.highest.get(&host).copied().unwrap_or_default()
    }

    /// A machine of a seat sends a message, while its log is durable up to there.
    pub(crate) fn said(
        &mut self,
        from: (usize, ReplicaId),
        disk: OnDisk<'_>,
        message: &Message<Body>,
    ) -> Option<Violation> {
        let (height, signature) = match message {
            Message::PrePrepare(proposal) => {
                return self.voted(from, disk, Phase::Prepare, &proposal.vote());
            }
            Message::NewView(new_view) => {
                let vote = new_view.pre_prepare.vote();
                return self.voted(from, disk, Phase::Prepare, &vote);
            }
            Message::Prepare(vote) => return self.voted(from, disk, Phase::Prepare, vote),
            Message::Commit(vote) => return self.voted(from, disk, Phase::Commit, vote),
            Message::ViewChange(change) => {
                let vote = &change.vote;
                let committed = self.commits.get(&(from.1, vote.height));
                let claimed = vote.claim.map(|claim| claim.view);
                if committed.is_some_and(|view| *view < vote.view && claimed < Some(*view)) {
                    let what = format!(
                        "member {} forgets its commit at {} in view {}",
                        from.1, vote.height, vote.view
                    );
                    return Some(Violation {
                        property: Property::OneVote,
                        what,
                    });
                }
                (vote.height, vote.signature)
            }
            Message::Late(vote) => (vote.height, vote.signature),
            _ => return None,
        };
        self.left(from, disk, (height, &signature), None)
    }

    fn voted(
        &mut self,
        from: (usize, ReplicaId),
        disk: OnDisk<'_>,
        phase: Phase,
        vote: &Vote,
    ) -> Option<Violation> {
        let (_, seat) = from;
        let ballot = &vote.ballot;
        let key = (seat, phase == Phase::Commit, ballot.height, ballot.view);
        let first = *self.ballots.entry(key).or_insert(ballot.digest);
        if first != ballot.digest {
            let what = format!(
                "member {seat} votes twice at {}/{}: {first}, then {}",
                ballot.height, ballot.view, ballot.digest
            );
            return Some(Violation {
                property: Property::OneVote,
                what,
            });
        }
        if phase == Phase::Commit {
            let highest = self.commits.entry((seat, ballot.height)).or_default();
            *highest = ballot.view.max(*highest);
        }
        let decided = (phase == Phase::Commit).then_some(&ballot.digest);
        self.left(from, disk, (ballot.height, &vote.signature), decided)
    }

    /// A signature leaves. That of a commit may rest on the record of a decision instead of its own,
    /// and where a checkpoint cut that, on the ledger: then nothing of its height is in the log.
    fn left(
        &mut self,
        (host, seat): (usize, ReplicaId),
        OnDisk {
            chain,
            log,
            decided: in_ledger,
        }: OnDisk<'_>,
        (height, signature): (Height, &Signature),
        decided: Option<&Digest>,
    ) -> Option<Violation> {
        let highest = self.highest.entry(host).or_default();
        *highest = height.max(*highest);
        let bytes = *signature.as_bytes();
        if self.durable.contains(&(host, bytes)) {
            return None;
        }
        let rests = contains(log, &bytes)
            || decided.is_some_and(|digest| {
                is_decided(chain, log, height, digest) || in_ledger(height, digest)
            });
        self.durable.insert((host, bytes));
        (!rests).then(|| Violation {
            property: Property::DurableVote,
            what: format!("member {seat} sends a vote at {height} that is not in its log"),
        })
    }
}

fn contains(log: &[u8], bytes: &[u8; 64]) -> bool {
    let [first, ..] = bytes;
    let mut rest = log;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(bytes) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// Whether the log records that this block was decided, or was cut above it.
fn is_decided(chain: ChainId, log: &[u8], height: Height, digest: &Digest) -> bool {
    let storage = Box::new(Readable(log.to_vec()));
    let Ok((_, frames)) = ConsensusLog::open_on(storage, Path::new("log"), chain) else {
        return false;
    };
    if frames.iter().all(|frame| frame.height > height) {
        return true;
    }
    let mut frames = frames.iter().filter(|frame| frame.height == height);
    frames.any(|frame| match LogRecord::<Body>::from_wire(&frame.body) {
        Ok(LogRecord::Decided { certificate }) => certificate.ballot.digest == *digest,
        Ok(LogRecord::Adopted(decided)) => decided.proposal.header.digest() == *digest,
        _ => false,
    })
}

/// A log that is only read.
struct Readable(Vec<u8>);

impl Storage for Readable {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(Some(self.0.clone()))
    }

    fn mark(&mut self) -> io::Result<FileMark> {
        Ok(FileMark::default())
    }

    fn create(&mut self, _: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn replace(&mut self, _: &dyn Fn(FileMark) -> Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
