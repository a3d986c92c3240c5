//! What executing a transaction came to, as it stands under a block's receipts root.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::consent::{Denial, Ticket};
use crate::id::{
    GateKeyId, GrantId, OrganisationId, PersonId, RecordId, RecordVersion, TransactionId,
};
use crate::wire::Wire;

/// Something that happened, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Event {
    /// A person was enrolled by an organisation.
    PersonEnrolled {
        /// By whom.
        organisation: OrganisationId,
        /// Who.
        person: PersonId,
    },
    /// A version of a record was registered.
    RecordRegistered {
        /// Which record.
        record: RecordId,
        /// Which version.
        version: RecordVersion,
    },
    /// A grant was given.
    GrantGiven {
        /// Which.
        grant: GrantId,
    },
    /// A grant was revoked.
    GrantRevoked {
        /// Which.
        grant: GrantId,
    },
    /// A ticket was issued.
    TicketIssued(Box<Ticket>),
    /// A dealer's contribution to the gate key was recorded.
    DealRecorded {
        /// Whose.
        dealer: OrganisationId,
    },
    /// A holder confirmed that every deal gave it a good share.
    DealsAcknowledged {
        /// Which.
        holder: OrganisationId,
    },
    /// A holder found a bad deal; the ceremony is over.
    CeremonyStopped {
        /// Who complained.
        accuser: OrganisationId,
        /// About whom.
        dealer: OrganisationId,
    },
    /// The gate key is ready.
    GateKeyEstablished {
        /// Its name.
        key: GateKeyId,
    },
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// It took effect.
    Applied(Vec<Event>),
    /// It was refused and changed nothing.
    Denied(Denial),
}

/// The receipt of one transaction: a leaf under the block's receipts root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionReceipt {
    /// Which transaction.
    pub transaction: TransactionId,
    /// How it ended.
    pub outcome: Outcome,
}

impl Wire for TransactionReceipt {
    const KIND: [u8; 4] = *b"mRCP";
}

impl TransactionReceipt {
    /// The ticket it issued, if it did.
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
