//! The initial state of a chain.

use std::collections::{BTreeMap, BTreeSet};

use medshare_curve::encoding::decode_g1;
use medshare_types::genesis::GenesisMember;
use medshare_types::text::excerpt;
use medshare_types::{AccessClass, DecodeError, Digest, Genesis, Quorum, Wire};

use crate::apply::RULES_VERSION;
use crate::keys;
use crate::state::{CeremonyState, Holder, HolderSet, OrganisationState, RulesState};

/// Longest name of an organisation, in bytes.
const MAX_NAME_LEN: usize = 64;

/// The state before the first block.
///
/// It holds the version of the rules, the founding organisations, and for every class of access its
/// holders (all members, in order) and a ceremony that has not begun.
///
/// The threshold is the members' quorum ([`Quorum`]). Cost: one G1 decoding a member.
///
/// # Errors
/// [`GenesisError`] where the members do not form a committee, or a name or holder key is invalid.
pub fn genesis_state(genesis: &Genesis) -> Result<BTreeMap<Digest, Vec<u8>>, GenesisError> {
    genesis
        .committee()
        .map_err(|source| GenesisError::Committee { source })?;
    check_members(&genesis.members)?;

    let mut state = BTreeMap::new();
    let rules = RulesState {
        version: RULES_VERSION,
    };
    state.insert(keys::rules(), rules.to_wire());
    for member in &genesis.members {
        let organisation = OrganisationState {
            id: member.organisation(),
            name: member.name.clone(),
            key: member.key,
            holder_key: member.holder_key,
        };
        state.insert(keys::organisation(&organisation.id), organisation.to_wire());
    }
    let holders = holder_set(&genesis.members);
    let ceremony = CeremonyState::new(holders.holders.len());
    let class = AccessClass::Normal;
    state.insert(keys::holders(class), holders.to_wire());
    state.insert(keys::ceremony(class), ceremony.to_wire());
    Ok(state)
}

/// Names and holder keys must be distinct: two members with one holder key could decrypt each
/// other's shares.
fn check_members(members: &[GenesisMember]) -> Result<(), GenesisError> {
    let mut names = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for GenesisMember {
        name, holder_key, ..
    } in members
    {
        check_member_name(name)?;
        if !names.insert(name) {
            return Err(GenesisError::NameTaken { name: name.clone() });
        }
        if decode_g1(holder_key).is_err() || !keys.insert(holder_key) {
            return Err(GenesisError::HolderKey { name: name.clone() });
        }
    }
    Ok(())
}

/// Refuses the name of a member that no chain could be founded with, whatever the others are called.
///
/// A name is used in the attribute `vouched-by:<name>`: with these characters policies write it
/// without quotation marks, and no two names differ only in the case or script of a letter.
///
/// # Errors
/// [`GenesisError::Name`], which holds the name.
pub fn check_member_name(name: &str) -> Result<(), GenesisError> {
    let fit = (1..=MAX_NAME_LEN).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        // Members have folders of their names: `.` and `..` are others.
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if fit {
        Ok(())
    } else {
        Err(GenesisError::Name {
            name: name.to_owned(),
        })
    }
}

fn holder_set(members: &[GenesisMember]) -> HolderSet {
    let holder = |member: &GenesisMember| Holder {
        organisation: member.organisation(),
        key: member.holder_key,
    };
    let quorum = Quorum::of(members.len()).quorum();
    #[expect(clippy::expect_used, reason = "a committee has at most 1024 members")]
    let threshold = u16::try_from(quorum).expect("a quorum of at most 1024 members");
    HolderSet {
        holders: members.iter().map(holder).collect(),
        threshold,
    }
}

/// A genesis without a valid initial state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum GenesisError {
    #[error("the founding members do not form a committee")]
    Committee { source: DecodeError },
    /// Two members have one name.
    #[error("two founding members have the name {name:?}")]
    NameTaken { name: String },
    /// A name is not 1 to 64 characters of a–z, 0–9, `-`, `_` and `.`, a
    /// letter or digit among them.
    #[error(
        "the founding member's name {:?} is not 1 to 64 of a-z, 0-9, '-', '_', '.', with a letter or \
         digit among them",
        excerpt(name)
    )]
    Name { name: String },
    /// The holder key of the member `name` is another member's, or is not a valid G1 point.
    #[error("the holder key of {name:?} is invalid or taken")]
    HolderKey { name: String },
}
