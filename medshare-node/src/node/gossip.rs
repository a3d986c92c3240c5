//! Frames to other nodes: messages of the protocol, blocks for nodes that are behind, waiting
//! transactions.

use std::sync::Arc;

use bytes::Bytes;
use medshare_consensus::{Decided, Message, Proposal, Recipients};
use medshare_contract::keys;
use medshare_contract::state::{OrganisationState, PersonState};
use medshare_ledger::{LedgerStore, StoreError, Transaction};
use medshare_types::{
    ChainId, Digest, Height, OrganisationId, Principal, ReplicaId, VerifyingKey, Wire as _,
};

use super::Node;
use crate::batch::Batch;
use crate::error::NodeError;
use crate::executor::read;
use crate::mempool::{Admission, Heard};
use crate::mutation::Mutant;
use crate::peer::PeerMessage;

/// Time after which a transaction is sent to the primary again, milliseconds.
const REBROADCAST_MS: u64 = 500;

impl Node {
    pub(super) fn send(&self, to: &Recipients, message: &Message<Batch>) {
        let frame = Bytes::from(PeerMessage::Consensus(message.to_wire()).to_wire());
        match to {
            Recipients::All => self.broadcast(&frame),
            Recipients::Only(seats) => {
                for seat in seats {
                    self.shell.link.outbound.send(*seat, frame.clone());
                }
            }
        }
    }

    pub(super) fn broadcast(&self, frame: &Bytes) {
        let all = self.shell.genesis.replicas();
        for seat in all.filter(|seat| *seat != self.shell.own) {
            self.shell.link.outbound.send(seat, frame.clone());
        }
    }

    /// Sends committed blocks from the ledger, with one block in memory at a time, as far as there is
    /// room in the link's queue: the other node asks for the rest.
    pub(super) async fn serve(
        &self,
        to: ReplicaId,
        from: Height,
        until: Height,
    ) -> Result<(), NodeError> {
        for height in (from.0..=until.0).map(Height) {
            let ledger = Arc::clone(&self.ledger);
            let read = move || frame_of_block(&ledger, height);
            let frame = self.shell.machine.blocking(read).await??;
            if !self.shell.link.outbound.send(to, frame) {
                break;
            }
        }
        Ok(())
    }

    /// Admits a transaction of another node, if there is room, its key is the sender's, and its
    /// signature holds.
    pub(super) async fn admit(
        &mut self,
        transaction: Transaction,
        heard: Heard,
    ) -> Result<Admission, NodeError> {
        let home = match self.judge_unchecked(&transaction)? {
            Ok(home) => home,
            Err(admission) => return Ok(admission),
        };
        let ledger = Arc::clone(&self.ledger);
        let chain = self.shell.genesis.chain_id();
        let unchecked = self.shell.mutation.is(Mutant::AdmittedUnchecked);
        let work = move || match unchecked {
            true => Ok(Ok(transaction)),
            false => check(&ledger, &chain, transaction),
        };
        match self.shell.machine.blocking(work).await?? {
            Ok(transaction) => {
                let now_ms = self.shell.now().monotonic_ms;
                Ok(self.shell.mempool.add(transaction, home, now_ms, heard))
            }
            Err(admission) => Ok(admission),
        }
    }

    /// The organisation in whose room a transaction waits, or the admission where it needs no check of
    /// the signature, so that a flood costs little.
    pub(super) fn judge_unchecked(
        &self,
        transaction: &Transaction,
    ) -> Result<Result<OrganisationId, Admission>, NodeError> {
        let id = transaction.id();
        if self.shell.mempool.contains(&id) || self.ledger.transaction_height(&id)?.is_some() {
            return Ok(Err(Admission::Known));
        }
        if !self.shell.disk.takes_transactions() {
            return Ok(Err(Admission::DiskLow));
        }
        let home = match sender(&self.ledger, transaction)? {
            Some(sender) => sender.home,
            None if self.shell.mutation.is(Mutant::AdmittedUnchecked) => {
                OrganisationId::from_digest(Digest::ZERO)
            }
            None => return Ok(Err(Admission::UnknownSender)),
        };
        let has_room = self.shell.mempool.has_room_for(transaction, &home);
        Ok(has_room.then_some(home).ok_or(Admission::Full))
    }

    /// Admits a transaction of this node itself and sends it to all other nodes.
    pub(super) async fn submit(
        &mut self,
        transaction: Transaction,
    ) -> Result<Admission, NodeError> {
        let frame = PeerMessage::Transaction(transaction.to_wire()).to_wire();
        let admission = self.admit(transaction, Heard::Here).await?;
        if admission == Admission::Added {
            self.broadcast(&Bytes::from(frame));
        }
        Ok(admission)
    }

    /// Tells the primary that this node's holder needs a recent block.
    pub(super) fn pass_on_need_of_block(&mut self) {
        if !self.shell.holder.take_need_of_block() {
            return;
        }
        let primary = self.replica.primary();
        if primary == self.shell.own {
            self.pace.block_wanted = true;
        } else {
            let frame = Bytes::from(PeerMessage::BlockWanted.to_wire());
            self.shell.link.outbound.send(primary, frame);
        }
    }

    /// Sends the primary a bounded batch of the transactions that it has not ordered: only the
    /// primary can order them, and votes must get through beside them.
    pub(super) fn rebroadcast(&mut self) {
        let primary = self.replica.primary();
        if primary == self.shell.own {
            return;
        }
        let now_ms = self.shell.now().monotonic_ms;
        let before = now_ms.saturating_sub(REBROADCAST_MS);
        for transaction in self.shell.mempool.due(before, now_ms) {
            let frame = PeerMessage::Transaction(transaction.to_wire()).to_wire();
            self.shell.link.outbound.send(primary, Bytes::from(frame));
        }
    }
}

/// Returns the transaction if its key is the sender's and its signature holds. Cost: one Ed25519
/// verification.
pub(super) fn check(
    ledger: &LedgerStore,
    chain: &ChainId,
    transaction: Transaction,
) -> Result<Result<Transaction, Admission>, NodeError> {
    let sender = sender(ledger, &transaction)?;
    if sender.is_none_or(|sender| sender.key != transaction.key) {
        return Ok(Err(Admission::UnknownSender));
    }
    Ok(match transaction.verify(chain) {
        Ok(()) => Ok(transaction),
        Err(_) => Err(Admission::Forged),
    })
}

/// A sender as the newest state knows it.
struct Sender {
    key: VerifyingKey,
    /// The organisation itself, or the one that enrolled the person.
    home: OrganisationId,
}

/// `None` for a sender that the newest state does not know: it has no claim to room, since the contract
/// would refuse the call.
fn sender(ledger: &LedgerStore, transaction: &Transaction) -> Result<Option<Sender>, NodeError> {
    Ok(match &transaction.sender {
        Principal::Organisation(id) => {
            let state: Option<OrganisationState> = read(ledger, &keys::organisation(id))?;
            state.map(|OrganisationState { key, id: home, .. }| Sender { key, home })
        }
        Principal::Person(id) => {
            let state: Option<PersonState> = read(ledger, &keys::person(id))?;
            state.map(|state| Sender {
                key: state.key,
                home: state.organisation,
            })
        }
    })
}

fn frame_of_block(ledger: &LedgerStore, height: Height) -> Result<Bytes, StoreError> {
    let block = ledger.block(height)?;
    let decided = Decided {
        proposal: Proposal {
            header: block.header,
            payload: Batch::new(block.transactions),
            attestations: block.attestations,
        },
        certificate: ledger.certificate(height)?,
    };
    let message = Message::Decided(decided).to_wire();
    Ok(PeerMessage::Consensus(message).to_wire().into())
}
