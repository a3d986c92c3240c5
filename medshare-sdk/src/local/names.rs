//! The names of the members of a consortium in this process, and how many there can be.

use std::collections::BTreeSet;
use std::path::Path;

use medshare_contract::{GenesisError, check_member_name};
use medshare_types::Genesis;
use medshare_types::committee::MIN_MEMBERS;

use crate::error::{Error, Result};

/// The names of the first members, where none are given.
const NAMES: [&str; 4] = ["st-mary", "charite", "north-general", "riverside"];

/// Most members of a consortium in one process. Founding that many was measured; the work grows with
/// the cube of the number.
pub const MAX_LOCAL_MEMBERS: usize = 64;

/// The names of so many members of which none was named.
pub(super) fn default_names(members: usize) -> Vec<String> {
    let name = |index: usize| match NAMES.get(index) {
        Some(name) => (*name).to_owned(),
        None => format!("organisation-{}", index + 1),
    };
    (0..members).map(name).collect()
}

/// Refuses members that cannot found a consortium, before anything is written.
///
/// # Errors
/// [`Error::InvalidSize`]; [`Error::InvalidMemberName`] for the first name that is taken or has other
/// characters than allowed.
pub(super) fn check_names(names: &[String]) -> Result<()> {
    let members = names.len();
    if !(MIN_MEMBERS..=MAX_LOCAL_MEMBERS).contains(&members) {
        return Err(Error::InvalidSize {
            members,
            min: MIN_MEMBERS,
            max: MAX_LOCAL_MEMBERS,
        });
    }
    let mut seen = BTreeSet::new();
    for name in names {
        let taken = || GenesisError::NameTaken { name: name.clone() };
        let fit = check_member_name(name);
        let fit = fit.and_then(|()| seen.insert(name).then_some(()).ok_or_else(taken));
        fit.map_err(|source| Error::InvalidMemberName {
            name: name.clone(),
            source: Box::new(source),
        })?;
    }
    Ok(())
}

/// Refuses names that are not those of the consortium in the folder.
///
/// # Errors
/// [`Error::OtherMembers`], which holds both lists.
pub(super) fn check_founded(names: &[String], genesis: &Genesis, folder: &Path) -> Result<()> {
    let founded = genesis.members.iter().map(|member| &member.name);
    if founded.clone().eq(names) {
        return Ok(());
    }
    Err(Error::OtherMembers {
        folder: folder.to_owned(),
        founded: founded.cloned().collect(),
        asked: names.to_vec(),
    })
}
