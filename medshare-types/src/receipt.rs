//! The result of executing a transaction, a leaf under a block's receipts root.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::consent::{Denial, Purpose, Ticket};
use crate::id::{
    Epoch, GateKeyId, GrantId, Height, OrganisationId, PersonId, Principal, RecordId,
    RecordVersion, TransactionId,
};
use crate::sign::VerifyingKey;
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
    /// A request for access was denied. Made by [`Outcome::into_events`]; no list has it.
    AccessDenied(Box<AccessDenied>),
    /// An organisation registered the key that it votes with from `epoch` on.
    VotingKeyRegistered {
        organisation: OrganisationId,
        epoch: Epoch,
        key: VerifyingKey,
        /// True where the sender named a recent header of the running epoch.
        follows: bool,
    },
    /// An organisation signed two statements of consensus that no honest member signs both.
    MisbehaviourProven {
        organisation: OrganisationId,
        /// Epoch of both statements.
        epoch: Epoch,
        /// Height of both statements.
        height: Height,
    },
}

/// A request for access that the contract denied.
///
/// The requester is authenticated: no party can have a request of its own counted as another's.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessDenied {
    /// The sender of the request, a person or an organisation.
    pub requester: Principal,
    /// The grant that the request named.
    pub grant: GrantId,
    /// The person that gave the grant; `None` where there is no such grant.
    pub grantor: Option<PersonId>,
    /// The purpose that the request named.
    pub purpose: Purpose,
    /// The first rule that the request failed.
    pub denial: Denial,
}

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// The transaction took effect.
    Applied(Vec<Event>),
    /// The contract denied the transaction, which changed at most the mark of its nonce.
    Denied(Denial),
    /// As [`Self::Denied`], for a request for access.
    AccessDenied(Box<AccessDenied>),
}

impl Outcome {
    /// The reason of a denial; `None` for a transaction that took effect.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Applied(_) => None,
            Self::Denied(denial) => Some(denial),
            Self::AccessDenied(attempt) => Some(&attempt.denial),
        }
    }

    /// What observers of the chain are told: the effects, or the denied request for access.
    #[must_use]
    pub fn into_events(self) -> Vec<Event> {
        match self {
            Self::Applied(events) => events,
            Self::Denied(_) => Vec::new(),
            Self::AccessDenied(attempt) => vec![Event::AccessDenied(attempt)],
        }
    }
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
            Outcome::Denied(_) | Outcome::AccessDenied(_) => None,
        }
    }
}
