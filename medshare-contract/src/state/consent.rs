//! Who may read what, when and why, and the permissions that came of it.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{
    GrantId, Height, PersonId, PurposeSet, RecordId, RecordVersion, Ticket, Window, Wire,
};

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantState {
    /// Its identifier.
    pub id: GrantId,
    /// The record.
    pub record: RecordId,
    /// The version of it.
    pub version: RecordVersion,
    /// Who gave it, and may revoke it: the data subject.
    pub grantor: PersonId,
    /// Who may ask for tickets.
    pub grantee: PersonId,
    /// When.
    pub window: Window,
    /// What for.
    pub purposes: PurposeSet,
    /// How many tickets it allows; `None` for any number.
    pub uses: Option<u32>,
    /// How many it gave.
    pub taken: u64,
    /// The block that gave it.
    pub given_at: Height,
    /// The block that revoked it.
    pub revoked_at: Option<Height>,
}

impl Wire for GrantState {
    const KIND: [u8; 4] = *b"mSGR";
}

/// A ticket that was issued; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TicketState {
    /// The ticket.
    pub ticket: Ticket,
}

impl Wire for TicketState {
    const KIND: [u8; 4] = *b"mSTK";
}
