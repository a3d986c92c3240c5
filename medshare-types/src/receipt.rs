//! The result of executing a transaction, a leaf under a block's receipts root.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::consent::{Denial, Ticket};
use crate::id::{
    GateKeyId, GrantId, OrganisationId, PersonId, RecordId, RecordVersion, TransactionId,
};
use crate::wire::Wire;

/// An effect of a transaction, for observers of the chain.
///
/// A variant's position is its tag in receipts, so variants are only added at the end.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the ids of what the variants are about"
)]
pub enum Event {
    /// An organisation enrolled a person.
    PersonEnrolled {
        organisation: OrganisationId,
        person: PersonId,
    },
    /// A version of a record was registered.
    RecordRegistered {
        record: RecordId,
        version: RecordVersion,
    },
    GrantGiven {
        grant: GrantId,
    },
    GrantRevoked {
        grant: GrantId,
    },
    TicketIssued(Box<Ticket>),
    /// A holder dealt its contribution to the gate key.
    DealRecorded {
        dealer: OrganisationId,
    },
    /// A holder confirmed a good share from every deal.
    DealsAcknowledged {
        holder: OrganisationId,
    },
    /// A holder complained about a deal, which ended the ceremony.
    CeremonyStopped {
        accuser: OrganisationId,
        dealer: OrganisationId,
    },
    /// Every holder acknowledged: the gate key is ready.
    GateKeyEstablished {
        key: GateKeyId,
    },
}

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// The transaction took effect.
    Applied(Vec<Event>),
    /// The contract denied the transaction, which changed at most the mark of its nonce.
    Denied(Denial),
}

/// The receipt of one transaction: a leaf under the block's receipts root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionReceipt {
    /// Identifier of the transaction.
    pub transaction: TransactionId,
    /// Events of the transaction, or its denial.
    pub outcome: Outcome,
}

impl Wire for TransactionReceipt {
    const KIND: [u8; 4] = *b"mRCP";
}

impl TransactionReceipt {
    /// The ticket that the transaction issued, if any.
    #[must_use]
    pub fn ticket(&self) -> Option<&Ticket> {
        match &self.outcome {
            Outcome::Applied(events) => events.iter().find_map(|event| match event {
                Event::TicketIssued(ticket) => Some(ticket.as_ref()),
                _ => None,
            }),
            Outcome::Denied(_) => None,
        }
    }
}
