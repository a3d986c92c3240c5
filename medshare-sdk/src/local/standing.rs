//! Whether the members that run can do without the others: the damaged ones, and those that forgot
//! their votes.

use std::path::Path;
use std::sync::Arc;

use medshare_node::log::LogState;
use medshare_node::log_path;
use medshare_types::{Genesis, Quorum};

use crate::damage::{Damage, DamagedFile, WayBack};
use crate::error::{Error, Result, Source};
use crate::local::folder;

pub(super) const COPIED: &str = "it is a copy, and lacks the votes since";
pub(super) const LOST: &str = "it was begun in place of a lost one, whose votes it lacks";

/// How a member is, by its own word.
pub(super) enum Standing {
    /// It runs and knows its votes.
    Fit,
    /// It runs and forgot its votes.
    Forgot,
    /// It gives no answer now.
    Silent,
    /// It does not come back by itself, for this file.
    Damaged(Damage),
    /// It ended for what is no file's fault.
    Ended(Error),
}

pub(super) fn quorum(genesis: &Genesis) -> Quorum {
    Quorum::of(genesis.members.len())
}

/// Members that may be damaged or without their votes at once, n−q. The others order, and tell a
/// member without votes how far these may reach; the loss ends with a block after that.
pub(super) const fn spare(quorum: Quorum) -> usize {
    quorum.members() - quorum.quorum()
}

/// The log of a member that does not know its votes.
pub(super) fn forgotten(root: &Path, name: &str, found: &'static str) -> Damage {
    Damage {
        organisation: name.to_owned(),
        file: DamagedFile::Log,
        path: log_path(&folder::member(root, name)),
        way_back: WayBack::Others,
        source: Arc::from(Source::from(found)),
    }
}

/// The log of a member that starts; none where it is the member's own.
pub(super) fn forgotten_by(root: &Path, name: &str, log: Option<LogState>) -> Option<Damage> {
    match log? {
        LogState::Own => None,
        LogState::Copied => Some(forgotten(root, name, COPIED)),
        LogState::Lost(_) => Some(forgotten(root, name, LOST)),
    }
}

/// The refusal of a start with more damaged members than f, or with more of both than would ever
/// come back.
pub(super) fn too_many(
    quorum: Quorum,
    mut damaged: Vec<Damage>,
    forgot: Vec<Damage>,
) -> Option<Error> {
    let faulty = quorum.faulty();
    let limit = if damaged.len() > faulty {
        faulty
    } else {
        spare(quorum)
    };
    damaged.extend(forgot);
    (damaged.len() > limit).then_some(Error::TooManyDamaged { damaged, limit })
}

/// Whether a damaged member can be rebuilt: then it forgot its votes, and a quorum of `others` must
/// know theirs.
///
/// # Errors
/// [`Error::Busy`] where these may come back by themselves. Else [`Error::TooManyDamaged`], or
/// [`Error::Member`] for one that only another process brings back.
pub(super) fn check_rebuild(
    root: &Path,
    quorum: Quorum,
    damage: &Damage,
    others: Vec<(String, Standing)>,
) -> Result<()> {
    let needed = quorum.quorum();
    let mut fit = 0;
    let mut away = Vec::new();
    let mut forgot = Vec::new();
    let mut damaged = vec![damage.clone()];
    let mut failure = None;
    for (name, standing) in others {
        match standing {
            Standing::Fit => fit += 1,
            Standing::Silent => away.push(name),
            Standing::Forgot => forgot.push(name),
            Standing::Damaged(damage) => damaged.push(damage),
            Standing::Ended(error) => failure = Some(error),
        }
    }
    if fit >= needed {
        return Ok(());
    }
    // Those that forgot their votes come back where a quorum without them is left.
    let most = match fit + away.len() {
        most if most >= needed => most + forgot.len(),
        most => most,
    };
    if most >= needed {
        away.extend(forgot);
        return Err(Error::Busy {
            reason: format!(
                "a rebuilt member needs {needed} others that know their votes, and {} must be back \
                 first",
                away.join(", ")
            ),
        });
    }
    damaged.extend(forgot.iter().map(|name| forgotten(root, name, LOST)));
    Err(failure.unwrap_or(Error::TooManyDamaged {
        damaged,
        limit: spare(quorum),
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn damage(name: &str) -> Damage {
        Damage {
            way_back: WayBack::Rebuild,
            ..forgotten(Path::new("root"), name, LOST)
        }
    }

    /// The code of a refused start, with so many members damaged and so many that forgot.
    fn started(members: usize, damaged: usize, forgot: usize) -> Option<(usize, usize)> {
        let root = Path::new("root");
        let damaged = vec![damage("charite"); damaged];
        let forgot = vec![forgotten(root, "riverside", COPIED); forgot];
        match too_many(Quorum::of(members), damaged, forgot)? {
            Error::TooManyDamaged { damaged, limit } => Some((damaged.len(), limit)),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn damaged_and_forgetful_members_are_added_up_at_the_start() {
        for (members, damaged, forgot, refused) in [
            (4, 1, 0, None),
            (4, 0, 1, None),
            (4, 1, 1, Some((2, 1))),
            (4, 0, 2, Some((2, 1))),
            (4, 2, 0, Some((2, 1))),
            (5, 1, 1, Some((2, 1))),
            // Four others are a quorum of six.
            (6, 1, 1, None),
            (6, 0, 2, None),
            (6, 2, 0, Some((2, 1))),
            (6, 1, 2, Some((3, 2))),
            (7, 1, 1, None),
            (7, 2, 1, Some((3, 2))),
        ] {
            let found = started(members, damaged, forgot);
            assert_eq!(found, refused, "{members}: {damaged} and {forgot}");
        }
    }

    /// Of four members the one that is to be rebuilt and three others.
    #[test]
    fn a_rebuild_waits_for_those_alone_that_come_back() {
        let check = |others: Vec<Standing>| {
            let names = ["st-mary", "north-general", "riverside"].map(str::to_owned);
            let others = names.into_iter().zip(others).collect();
            let root = Path::new("root");
            check_rebuild(root, Quorum::of(4), &damage("charite"), others)
        };
        use Standing::{Damaged, Ended, Fit, Forgot, Silent};
        check(vec![Fit, Fit, Fit]).unwrap();
        for (others, code, word) in [
            (vec![Fit, Fit, Silent], "busy", "riverside"),
            (vec![Silent, Fit, Silent], "busy", "st-mary, riverside"),
            (vec![Fit, Fit, Forgot], "too_many_damaged", "riverside"),
            (vec![Fit, Silent, Forgot], "too_many_damaged", "riverside"),
            (
                vec![Fit, Damaged(damage("x")), Fit],
                "too_many_damaged",
                "of x",
            ),
            (vec![Fit, Fit, Ended(Error::Unreachable)], "unreachable", ""),
        ] {
            let error = check(others).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    /// Four others of six that know their votes bring back a second one.
    #[test]
    fn a_rebuild_waits_for_one_that_forgot_where_a_quorum_is_left() {
        let others = || vec![Standing::Fit, Standing::Fit, Standing::Fit, Standing::Fit];
        let check = |last: Standing| {
            let others = others().into_iter().chain([last]);
            let others = others.map(|standing| ("riverside".to_owned(), standing));
            let root = Path::new("root");
            check_rebuild(root, Quorum::of(6), &damage("charite"), others.collect())
        };
        check(Standing::Forgot).unwrap();
        check(Standing::Damaged(damage("x"))).unwrap();
    }
}
