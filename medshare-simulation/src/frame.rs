//! Frames as a listener reads them, decoded without the code of the node.

use std::io::{Read, Result, Write};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::{Message, Payload};
use medshare_ledger::{Transaction, transactions_root};
use medshare_types::{Digest, Wire};

/// Envelope of a frame between nodes: kind, version, suite.
const ENVELOPE: [u8; 6] = *b"mPEE\x00\x01";

/// A frame between nodes.
#[derive(Debug)]
pub(crate) enum Frame {
    Consensus(Box<Message<Body>>),
    Transaction(Box<Transaction>),
    BlockWanted,
}

/// The transactions of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body(Vec<Transaction>);

impl BorshSerialize for Body {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        self.0.serialize(writer)
    }
}

impl BorshDeserialize for Body {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        Vec::deserialize_reader(reader).map(Self)
    }
}

impl Payload for Body {
    fn root(&self) -> Digest {
        transactions_root(&self.0)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a frame; `None` where it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<Frame> {
    let (tag, rest) = bytes.strip_prefix(&ENVELOPE)?.split_first()?;
    if *tag == 2 {
        return rest.is_empty().then_some(Frame::BlockWanted);
    }
    let (length, body) = rest.split_first_chunk()?;
    if usize::try_from(u32::from_le_bytes(*length)).ok()? != body.len() {
        return None;
    }
    match tag {
        0 => Message::from_wire(body)
            .ok()
            .map(Box::new)
            .map(Frame::Consensus),
        1 => Transaction::from_wire(body)
            .ok()
            .map(Box::new)
            .map(Frame::Transaction),
        _ => None,
    }
}

/// A frame in words.
pub(crate) fn told(bytes: &[u8]) -> String {
    let Some(frame) = read(bytes) else {
        return "garbage".to_owned();
    };
    match frame {
        Frame::Transaction(transaction) => format!("transaction {}", transaction.id()),
        Frame::BlockWanted => "block wanted".to_owned(),
        Frame::Consensus(message) => told_of(&message),
    }
}

fn told_of(message: &Message<Body>) -> String {
    match message {
        Message::PrePrepare(proposal) => {
            let header = &proposal.proposal.header;
            let count = proposal.proposal.payload.0.len();
            format!(
                "PRE-PREPARE {} of {count} {}",
                header.height,
                header.digest()
            )
        }
        Message::Prepare(vote) | Message::Commit(vote) => {
            let ballot = &vote.ballot;
            let phase = match message {
                Message::Prepare(_) => "PREPARE",
                _ => "COMMIT",
            };
            format!(
                "{phase} {}/{} {}",
                ballot.height, ballot.view, ballot.digest
            )
        }
        Message::Decided(decided) => format!("DECIDED {}", decided.proposal.header.height),
        Message::ViewChange(change) => {
            format!("VIEW-CHANGE {}/{}", change.vote.height, change.vote.view)
        }
        Message::NewView(new_view) => {
            let vote = new_view.pre_prepare.vote();
            format!("NEW-VIEW {}/{}", vote.ballot.height, vote.ballot.view)
        }
        Message::Proposal(proposal) => format!("PROPOSAL {}", proposal.header.height),
        other => format!("{other:?}"),
    }
}
