//! Properties of every run, checked from frames, answers and ledgers, without the code of the node.

mod ledgers;
mod votes;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use medshare_consensus::Message;
use medshare_ledger::{Boundary, CertifiedHeader, LightClient, ReceiptProof, VerifyError};
use medshare_types::{Digest, Genesis, Height, Outcome, ReplicaId, TransactionId};

use crate::disk::{Disk, LedgerImage};
use crate::frame::{self, Body, Frame};
use crate::report::{Property, Violation};
use votes::{OnDisk, Votes};

/// A transaction that a member took into its pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    pub(crate) id: TransactionId,
    pub(crate) host: usize,
    /// The member's life: with it the pool ends.
    pub(crate) life: u32,
}

/// Observers of one run.
pub(crate) struct Invariants {
    light: LightClient,
    genesis: Genesis,
    byzantine: BTreeSet<ReplicaId>,
    pub(crate) violations: Vec<Violation>,
    certified: BTreeMap<Height, Digest>,
    /// State roots in the ledgers.
    roots: BTreeMap<Height, Digest>,
    /// Height, index and outcome.
    receipts: BTreeMap<TransactionId, (Height, u64, Outcome)>,
    admitted: Vec<Admitted>,
    /// Headers and receipts of epochs whose committee is not known yet, and their senders.
    early_headers: Vec<(String, CertifiedHeader)>,
    early_receipts: Vec<(ReplicaId, TransactionId, ReceiptProof)>,
    votes: Votes,
    /// The frame that was looked at last: broadcasts are looked at once.
    last: Option<(usize, Bytes)>,
}

impl Invariants {
    /// # Panics
    /// For a genesis without a committee.
    #[expect(clippy::expect_used, reason = "the run's own genesis")]
    pub(crate) fn new(genesis: &Genesis, byzantine: BTreeSet<ReplicaId>) -> Self {
        Self {
            light: LightClient::new(genesis).expect("a committee"),
            genesis: genesis.clone(),
            byzantine,
            violations: Vec::new(),
            certified: BTreeMap::new(),
            roots: BTreeMap::new(),
            receipts: BTreeMap::new(),
            admitted: Vec::new(),
            early_headers: Vec::new(),
            early_receipts: Vec::new(),
            votes: Votes::default(),
            last: None,
        }
    }

    pub(crate) fn is_byzantine(&self, seat: ReplicaId) -> bool {
        self.byzantine.contains(&seat)
    }

    pub(crate) fn broken(&mut self, property: Property, what: impl Into<String>) {
        let what = what.into();
        self.violations.push(Violation { property, what });
    }

    /// An honest machine sends a frame; its disk is as it is then.
    pub(crate) fn sent(&mut self, host: usize, seat: ReplicaId, disk: &Disk, bytes: &Bytes) {
        let same = |(of, last): &(usize, Bytes)| {
            *of == host && last.as_ptr() == bytes.as_ptr() && last.len() == bytes.len()
        };
        if self.last.as_ref().is_some_and(same) {
            return;
        }
        self.last = Some((host, bytes.clone()));
        match frame::read(bytes) {
            None => self.broken(Property::Sound, format!("{seat} sends what is no frame")),
            Some(Frame::Consensus(message)) => self.said(host, seat, disk, &message),
            Some(_) => {}
        }
    }

    fn said(&mut self, host: usize, seat: ReplicaId, disk: &Disk, message: &Message<Body>) {
        if let Message::Decided(decided) = message {
            let certified = CertifiedHeader {
                header: decided.proposal.header.clone(),
                certificate: decided.certificate.clone(),
            };
            self.certified(&format!("member {seat}"), &certified);
        }
        let log = disk.log.as_ref().map_or(&[][..], |log| &log.durable);
        let chain = self.genesis.chain_id();
        let decided = |height, digest: &Digest| {
            let image = disk.ledger.as_ref().map(LedgerImage::after_power_cut);
            image.is_some_and(|image| ledgers::has_block(&image, &self.genesis, height, digest))
        };
        let disk = OnDisk {
            chain,
            log,
            decided: &decided,
        };
        let broken = self.votes.said((host, seat), disk, message);
        self.violations.extend(broken);
    }

    /// A header with its certificate was seen.
    pub(crate) fn certified(&mut self, by: &str, certified: &CertifiedHeader) {
        let height = certified.header.height;
        let digest = certified.header.digest();
        match self.certified.get(&height) {
            Some(known) if *known == digest => return,
            _ => {}
        }
        match self.light.verify_header(certified) {
            Ok(_) => {}
            Err(VerifyError::UnknownEpoch { .. }) => {
                self.early_headers.push((by.to_owned(), certified.clone()));
                return;
            }
            Err(error) => {
                self.broken(Property::Sound, format!("{by}, header {height}: {error}"));
                return;
            }
        }
        if let Some(known) = self.certified.insert(height, digest) {
            let what = format!("{by} has {digest} at {height}, {known} is certified");
            self.broken(Property::OneBlock, what);
        }
    }

    /// A client was given a receipt by the member at `seat`. Returns its outcome where it is sound.
    pub(crate) fn receipt(
        &mut self,
        seat: ReplicaId,
        id: TransactionId,
        proof: &ReceiptProof,
    ) -> bool {
        let (height, index, outcome) = match self.light.verify_receipt(&id, proof) {
            Ok(receipt) => (
                receipt.height(),
                receipt.index(),
                receipt.receipt().outcome.clone(),
            ),
            Err(VerifyError::UnknownEpoch { .. }) => {
                self.early_receipts.push((seat, id, proof.clone()));
                return true;
            }
            Err(error) => {
                self.broken(Property::Sound, format!("receipt of {seat}: {error}"));
                return false;
            }
        };
        self.certified(&format!("receipt of {seat}"), &proof.certified);
        let told = (height, index, outcome);
        match self.receipts.get(&id) {
            Some(known) if *known != told => {
                let what = format!("{id}: {known:?}, then {told:?} from {seat}");
                self.broken(Property::ReceiptStays, what);
            }
            Some(_) => {}
            None => {
                self.receipts.insert(id, told);
            }
        }
        true
    }

    /// The committees that a ledger has are followed, and what waited for them is checked.
    fn follow(&mut self, seat: ReplicaId, boundaries: &[Boundary]) {
        for boundary in boundaries {
            if let Err(error) = self.light.follow(boundary) {
                self.broken(Property::Sound, format!("boundary of {seat}: {error}"));
            }
        }
        for (by, certified) in std::mem::take(&mut self.early_headers) {
            self.certified(&by, &certified);
        }
        for (seat, id, proof) in std::mem::take(&mut self.early_receipts) {
            self.receipt(seat, id, &proof);
        }
    }

    /// An honest member says that a transaction waits in its pool.
    pub(crate) fn admitted(&mut self, admitted: Admitted) {
        self.admitted.push(admitted);
    }

    /// A member that lost its files does not know its votes.
    pub(crate) fn lost(&mut self, host: usize) {
        self.votes.lost(host);
    }

    /// The tip of a member right after a start.
    pub(crate) fn started(&mut self, host: usize, tip: Height) {
        let voted = self.votes.highest(host);
        if tip.next() < voted {
            let what = format!("machine {host} starts at {tip}, and voted at {voted}");
            self.broken(Property::NothingForgotten, what);
        }
    }
}
