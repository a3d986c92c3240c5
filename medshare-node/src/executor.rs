//! Executing blocks: the contract over the ledger's state.

use std::collections::BTreeSet;

use medshare_consensus::credit::{CreditEvent, record_key};
use medshare_consensus::{ChainFact, ChainRecord, Evidence, Proposal, Verdict};
use medshare_contract::{
    BlockContext, Call, CallContext, MAX_HEADER_AGE, Overlay, ProvenMisbehaviour, StateError,
    StateView, apply,
};
use medshare_ledger::{Block, Execution, LedgerStore, StoreError, Transaction};
use medshare_types::wire::to_borsh;
use medshare_types::{
    BlockHeader, CommitCertificate, Digest, Event, ExecutedRoots, Genesis, Height, Outcome,
    Timestamp, TransactionReceipt, Wire,
};

use crate::batch::Batch;
use crate::error::NodeError;

/// Epochs for which evidence counts.
const EVIDENCE_EPOCHS: u64 = 64;

/// The newest state, as the contract reads it.
pub(crate) struct LedgerView<'a>(pub(crate) &'a LedgerStore);

impl StateView for LedgerView<'_> {
    type Error = StoreError;

    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }
}

/// Reads one value of the newest state.
pub(crate) fn read<T: Wire>(
    ledger: &LedgerStore,
    key: &Digest,
) -> Result<Option<T>, StateError<StoreError>> {
    LedgerView(ledger).read(key)
}

/// Executes a committed block and stores it with its effects, whole or not at all. `record` is that of
/// the blocks before; the standings that the block changes go into the state.
pub(crate) fn execute(
    ledger: &LedgerStore,
    genesis: &Genesis,
    proposal: Proposal<Batch>,
    certificate: &CommitCertificate,
    record: &mut ChainRecord,
) -> Result<(ExecutedRoots, Vec<ChainFact>), NodeError> {
    let header = proposal.header;
    let context = BlockContext {
        chain: header.chain,
        height: header.height,
        epoch: header.epoch,
        time: header.time,
        parameters: genesis.parameters,
    };
    let view = LedgerView(ledger);
    let mut state = Overlay::new(&view);
    let mut receipts = Vec::new();
    let mut facts = Vec::new();
    for transaction in proposal.payload.transactions() {
        let call = call_of(transaction, &header, ledger, record)?;
        let applied = apply(&state, &context, &call)?;
        state.absorb(applied.changes);
        if let Outcome::Applied(events) = &applied.outcome {
            facts.extend(events.iter().flat_map(|event| facts_of(event, record)));
        }
        receipts.push(TransactionReceipt {
            transaction: transaction.id(),
            outcome: applied.outcome,
        });
    }
    let mut changes = state.into_changes();
    let height = header.height;
    // L65: a quorum agreed on what follows; a member that sees it otherwise has diverged.
    if record.next_committee().digest() != header.next_committee {
        return Err(NodeError::Diverged { height });
    }
    let next_committee = record.next_committee().clone();
    let events = record.follow(&header, &proposal.attestations, &facts);
    let told = facts.iter().filter_map(ChainFact::replica);
    let changed: BTreeSet<_> = events.iter().map(CreditEvent::seat).chain(told).collect();
    for replica in changed {
        let held = record.organisation_record(replica);
        if let Some((organisation, held)) = record.organisation(replica).zip(held) {
            changes.insert(record_key(&organisation), Some(held.to_wire()));
        }
    }
    let block = Block {
        header,
        transactions: proposal.payload.transactions().to_vec(),
        attestations: proposal.attestations,
    };
    let execution = Execution {
        receipts: &receipts,
        changes: &changes,
        next_committee: &next_committee,
        record: &to_borsh(record),
    };
    let roots = ledger
        .apply(&block, certificate, &execution)
        .map_err(|error| match error {
            StoreError::RootsMismatch { .. } => NodeError::Diverged { height },
            other => other.into(),
        })?;
    Ok((roots, facts))
}

/// The call of a transaction, with what only the chain of blocks can judge of it.
fn call_of<'a>(
    transaction: &'a Transaction,
    header: &BlockHeader,
    ledger: &LedgerStore,
    record: &ChainRecord,
) -> Result<CallContext<'a>, StoreError> {
    let (mut proven, mut follows) = (None, false);
    match Call::from_wire(&transaction.call) {
        Ok(Call::ReportMisbehaviour { evidence }) => {
            if let Ok(evidence) = Evidence::from_wire(&evidence) {
                proven = judge_evidence(&evidence, header, ledger, record)?;
            }
        }
        Ok(Call::RegisterVotingKey {
            height,
            header: named,
            ..
        }) => {
            follows = is_recent(ledger, header, height, &named)?;
        }
        _ => {}
    }
    Ok(CallContext {
        chain: transaction.chain,
        transaction: transaction.id(),
        sender: transaction.sender,
        key: transaction.key,
        nonce: transaction.nonce,
        call: &transaction.call,
        proven,
        follows,
    })
}

/// What evidence proves under the committee of its epoch; nothing once that is [`EVIDENCE_EPOCHS`] ago.
fn judge_evidence(
    evidence: &Evidence,
    block: &BlockHeader,
    ledger: &LedgerStore,
    record: &ChainRecord,
) -> Result<Option<ProvenMisbehaviour>, StoreError> {
    let Some((epoch, height)) = evidence.offence.subject() else {
        return Ok(None);
    };
    let age = block.epoch.0.checked_sub(epoch.0);
    if age.is_none_or(|age| age > EVIDENCE_EPOCHS) {
        return Ok(None);
    }
    let committee = if epoch == block.epoch {
        Some(record.committee().clone())
    } else {
        ledger.committee(epoch)?
    };
    let proven = committee.and_then(|committee| {
        evidence.verify(&block.chain, &committee).ok()?;
        Some(ProvenMisbehaviour {
            organisation: committee.member(evidence.culprit)?.organisation,
            epoch,
            height,
        })
    });
    Ok(proven)
}

/// True for a header of the epoch of `block` that lies at most [`MAX_HEADER_AGE`] heights below it.
fn is_recent(
    ledger: &LedgerStore,
    block: &BlockHeader,
    height: Height,
    named: &Digest,
) -> Result<bool, StoreError> {
    let age = block.height.0.checked_sub(height.0);
    if height == Height(0) || age.is_none_or(|age| age == 0 || age > MAX_HEADER_AGE) {
        return Ok(false);
    }
    let header = ledger.certified_header(height)?.header;
    Ok(header.epoch == block.epoch && header.digest() == *named)
}

/// What an event tells the chain's record.
pub(crate) fn facts_of(event: &Event, record: &ChainRecord) -> Vec<ChainFact> {
    match event {
        Event::VotingKeyRegistered {
            organisation,
            epoch,
            key,
            follows,
        } => {
            let Some(replica) = record.replica_of(organisation) else {
                return Vec::new();
            };
            let registered = ChainFact::KeyRegistered {
                replica,
                epoch: *epoch,
                key: *key,
            };
            let answered = follows.then_some(ChainFact::Answered { replica });
            [registered].into_iter().chain(answered).collect()
        }
        Event::MisbehaviourProven { organisation, .. } => {
            let proven = |replica| ChainFact::Proven { replica };
            record
                .replica_of(organisation)
                .map(proven)
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Judges a proposed batch: it is within limits, and every transaction is signed for this chain,
/// occurs once in the batch, and was never ordered before. All nodes reach the same verdict, because
/// a proposal is judged after its parent is executed.
///
/// The outcome of the calls does not count: a denied call is a receipt, not a fault.
pub(crate) fn judge(
    ledger: &LedgerStore,
    genesis: &Genesis,
    batch: &Batch,
) -> Result<Verdict, StoreError> {
    if !batch.is_within_limits() {
        return Ok(Verdict::Invalid);
    }
    let chain = genesis.chain_id();
    let mut seen = BTreeSet::new();
    for transaction in batch.transactions() {
        let id = transaction.id();
        let fresh = seen.insert(id) && ledger.transaction_height(&id)?.is_none();
        if !fresh || transaction.verify(&chain).is_err() {
            return Ok(Verdict::Invalid);
        }
    }
    Ok(Verdict::Valid)
}

/// The tip's block time; the genesis' before the first block.
pub(crate) fn tip_time(ledger: &LedgerStore, genesis: &Genesis) -> Result<Timestamp, StoreError> {
    Ok(ledger.tip()?.map_or(genesis.created, |tip| tip.header.time))
}

#[cfg(test)]
mod tests {
    use medshare_consensus::Mode;
    use medshare_consensus::credit::OrganisationRecord;
    use medshare_contract::genesis_state;
    use medshare_ledger::{MAX_CALL_LEN, transactions_root};
    use medshare_testkit::fixtures::{Members, rng};
    use medshare_threshold::HolderKeyPair;
    use medshare_types::attestation::{Attestation, Attested, attestations_root};
    use medshare_types::{Epoch, Nonce, ReplicaId, Signature, View};

    use super::*;
    use crate::batch;

    struct Fixture {
        members: Members,
        ledger: LedgerStore,
        _folder: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let holder_key = |seat| HolderKeyPair::random(&mut rng(seat)).public();
            let members = Members::new(4).with_holder_keys((0..4).map(holder_key));
            let folder = tempfile::tempdir().unwrap();
            let state = genesis_state(members.genesis()).unwrap();
            let path = folder.path().join("ledger");
            Self {
                ledger: LedgerStore::open(path, members.genesis(), &state).unwrap(),
                members,
                _folder: folder,
            }
        }

        fn transaction(&self, n: u32, length: usize) -> Transaction {
            let mut nonce = [0; 16];
            nonce[..4].copy_from_slice(&n.to_le_bytes());
            let sender = self.members.organisation(0).into();
            let chain = self.members.chain();
            let key = self.members.key(0);
            Transaction::sign(chain, sender, Nonce(nonce), vec![0; length], key)
        }

        /// Commits and executes a first block.
        fn order(&self, transactions: &[Transaction]) {
            let genesis = self.members.genesis();
            let header = BlockHeader {
                chain: self.members.chain(),
                height: Height(1),
                epoch: Epoch(0),
                view: View(0),
                proposer: ReplicaId(0),
                previous: Digest::ZERO,
                time: Timestamp::from_millis(genesis.created.as_millis() + 1),
                transactions: transactions_root(transactions),
                attestations: attestations_root(&[]),
                executed: self.ledger.roots(Height(0)).unwrap(),
                next_committee: self.members.committee().digest(),
            };
            let certificate = self.members.certify(&header, &[0, 1, 2]);
            let payload = Batch::new(transactions.to_vec());
            let proposal = Proposal {
                header,
                payload,
                attestations: vec![],
            };
            let mut record = ChainRecord::genesis(genesis, Mode::Credit).unwrap();
            execute(&self.ledger, genesis, proposal, &certificate, &mut record).unwrap();
        }

        fn judge(&self, transactions: Vec<Transaction>) -> Verdict {
            judge(
                &self.ledger,
                self.members.genesis(),
                &Batch::new(transactions),
            )
            .unwrap()
        }
    }

    /// Seat 1 lets view 0 of the first height pass, and two others say so in the second block.
    #[test]
    fn a_lost_turn_is_in_the_state() {
        let fixture = Fixture::new();
        let mut record = ChainRecord::genesis(fixture.members.genesis(), Mode::Credit).unwrap();
        let mut previous = Digest::ZERO;
        let late = |signer| Attestation {
            height: Height(1),
            attested: Attested::Late,
            view: View(0),
            signer: ReplicaId(signer),
            signature: Signature::from_bytes([0; 64]),
        };
        let standing_of = |seat| {
            let key = record_key(&fixture.members.organisation(seat));
            let value = fixture.ledger.get(&key).unwrap();
            value.map(|value| OrganisationRecord::from_wire(&value).unwrap())
        };
        for height in 1..=11 {
            assert_eq!(standing_of(1), None, "not before height 1 is closed");
            let attestations = match height {
                2 => vec![late(0), late(3)],
                _ => vec![],
            };
            let genesis = fixture.members.genesis();
            let header = BlockHeader {
                chain: fixture.members.chain(),
                height: Height(height),
                epoch: Epoch(0),
                view: View(u64::from(height == 1)),
                proposer: ReplicaId(2),
                previous,
                time: genesis.created.plus_millis(1_000 * height),
                transactions: transactions_root(&[]),
                attestations: attestations_root(&attestations),
                executed: fixture.ledger.roots(Height(height - 1)).unwrap(),
                next_committee: fixture.members.committee().digest(),
            };
            previous = header.digest();
            let certificate = fixture.members.certify(&header, &[0, 1, 2]);
            let proposal = Proposal {
                header,
                payload: Batch::new(vec![]),
                attestations,
            };
            execute(
                &fixture.ledger,
                genesis,
                proposal,
                &certificate,
                &mut record,
            )
            .unwrap();
        }
        let standing = standing_of(1).unwrap();
        assert_eq!(Some(&standing), record.organisation_record(ReplicaId(1)));
        assert_eq!(standing.standing.leading.banned_until, Height(11 + 256));
        assert_eq!([0, 2, 3].map(standing_of), [None; 3]);
    }

    #[test]
    fn a_transaction_is_ordered_once() {
        let fixture = Fixture::new();
        let first = fixture.transaction(1, 3);
        let second = fixture.transaction(2, 3);
        assert_eq!(fixture.judge(vec![first.clone()]), Verdict::Valid);
        let twice = vec![second.clone(), second.clone()];
        assert_eq!(fixture.judge(twice), Verdict::Invalid);
        fixture.order(std::slice::from_ref(&first));
        assert_eq!(fixture.judge(vec![second.clone()]), Verdict::Valid);
        assert_eq!(fixture.judge(vec![second, first]), Verdict::Invalid);
    }

    #[test]
    fn a_block_has_so_many_transactions_at_the_most() {
        let fixture = Fixture::new();
        let count = u32::try_from(batch::MAX_TRANSACTIONS).unwrap();
        let mut transactions: Vec<_> = (0..count).map(|n| fixture.transaction(n, 0)).collect();
        assert_eq!(fixture.judge(transactions.clone()), Verdict::Valid);
        transactions.push(fixture.transaction(count, 0));
        assert_eq!(fixture.judge(transactions), Verdict::Invalid);
    }

    #[test]
    fn a_block_has_so_many_bytes_at_the_most() {
        let fixture = Fixture::new();
        let mut transactions: Vec<_> = (0..15)
            .map(|n| fixture.transaction(n, MAX_CALL_LEN))
            .collect();
        let encoded = |transactions: &[Transaction]| borsh::object_length(transactions).unwrap();
        transactions.push(fixture.transaction(15, 0));
        let left = batch::MAX_BYTES - encoded(&transactions);
        transactions[15] = fixture.transaction(15, left);
        assert_eq!(encoded(&transactions), batch::MAX_BYTES);
        assert_eq!(fixture.judge(transactions.clone()), Verdict::Valid);
        transactions[15] = fixture.transaction(15, left + 1);
        assert_eq!(fixture.judge(transactions), Verdict::Invalid);
    }
}
