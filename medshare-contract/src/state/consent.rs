//! Grants, and the tickets issued under them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{
    GrantId, Height, PersonId, PurposeSet, RecordId, RecordVersion, Ticket, Window, Wire,
};

/// A grant of the data subject.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantState {
    /// Derived from the granting transaction.
    pub id: GrantId,
    /// Record that the grant covers.
    pub record: RecordId,
    /// The one version that the grant covers.
    pub version: RecordVersion,
    /// The data subject: gave the grant and may revoke it.
    pub grantor: PersonId,
    /// The person that may request tickets.
    pub grantee: PersonId,
    /// Block times at which tickets are issued.
    pub window: Window,
    /// Purposes that a request may name.
    pub purposes: PurposeSet,
    /// Number of tickets allowed; `None` for any number.
    pub uses: Option<u32>,
    /// Number of tickets issued.
    pub taken: u64,
    /// Height of the granting block.
    pub given_at: Height,
    /// Height of the revoking block; `None` while in force.
    pub revoked_at: Option<Height>,
}

impl Wire for GrantState {
    const KIND: [u8; 4] = *b"mSGR";
}

/// An issued ticket, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TicketState {
    /// As it was issued.
    pub ticket: Ticket,
}

impl Wire for TicketState {
    const KIND: [u8; 4] = *b"mSTK";
}
