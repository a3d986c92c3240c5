//! The end of an epoch: credit, roles and seats, after C19 to C28 of `docs/spec/credit.md`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use medshare_types::id::{Epoch, ReplicaId};

use super::credit::{Measured, judged};
use super::format::Role;
use super::organisations::{Exit, Organisation, Organisations, Reason};
use super::quorum::Quorum;
use super::resources::resource_scores;

/// What the epoch showed, and what the chain is set to.
pub(super) struct Ending<'m> {
    pub(super) epoch: Epoch,
    pub(super) measured: &'m Measured,
    /// Seats that the committee grows to.
    pub(super) committee_size: usize,
}

/// Standings, seats and keys from the next epoch on.
pub(super) fn end_epoch(organisations: &mut Organisations, ending: &Ending<'_>) {
    let next = ending.epoch.next();
    let quorum = Quorum::of(seated(&organisations.all).count());
    // C20
    for of in organisations.all.values_mut() {
        let is_over = of.standing.role == Role::Demoted && of.demoted_until <= next;
        if is_over && of.exit.is_none() {
            of.wait_from(next);
        }
    }
    let ready = ready(organisations, quorum);
    judge(&mut organisations.all, ending, quorum, ready.len());
    let proven = leave_without_seat(&mut organisations.all, ending.epoch)
        + seated(&organisations.all)
            .filter(|(_, of)| of.is_proven())
            .count();
    // C24
    if proven <= quorum.faulty {
        reseat(&mut organisations.all, ending, quorum, ready);
    }
    for of in organisations.all.values_mut() {
        let is_prepared = of.is_prepared();
        let role = &mut of.standing.role;
        if role.has_seat() && of.exit.is_some() {
            // C27
            *role = Role::Observed;
        } else if matches!(role, Role::Candidate | Role::Ready) {
            *role = if is_prepared {
                Role::Ready
            } else {
                Role::Candidate
            };
        }
    }
    organisations.change_keys();
}

type All = BTreeMap<ReplicaId, Organisation>;

fn seated(all: &All) -> impl Iterator<Item = (&ReplicaId, &Organisation)> {
    all.iter().filter(|(_, of)| of.standing.role.has_seat())
}

/// C23, as keys that sort: kind, epoch, credit, number.
fn exits(all: &All) -> Vec<(u8, Epoch, u16, ReplicaId)> {
    let mut exits: Vec<_> = seated(all)
        .filter_map(|(id, of)| {
            let Exit { reason, since } = of.exit?;
            Some((reason.kind(), since, of.standing.score, *id))
        })
        .collect();
    exits.sort_unstable();
    exits
}

/// C21: those that may take a seat, in their order.
fn ready(organisations: &Organisations, quorum: Quorum) -> VecDeque<ReplicaId> {
    let all: Vec<_> = organisations.all.keys().copied().collect();
    let resources = resource_scores(&all, &organisations.contributions, quorum.faulty);
    let waits = |of: &Organisation| {
        matches!(of.standing.role, Role::Candidate | Role::Ready) && of.exit.is_none()
    };
    let ready = organisations.all.iter();
    let ready = ready.filter(|(_, of)| waits(of) && of.is_prepared());
    let mut ready: Vec<_> = ready
        .map(|(id, of)| {
            let score = 7 * u128::from(of.standing.score) + 3 * resources[id];
            (Reverse(score), of.waiting_since, *id)
        })
        .collect();
    ready.sort_unstable();
    ready.into_iter().map(|(.., id)| id).collect()
}

/// C7 to C14, C22: credit, and who is to go by it.
fn judge(all: &mut All, ending: &Ending<'_>, quorum: Quorum, ready: usize) {
    let shown = |id: ReplicaId, of: &Organisation| match of.standing.role.has_seat() {
        true => (
            ending.measured.share(id, quorum),
            ending.measured.has_lost_many(id),
        ),
        false => (None, false),
    };
    let mut claims = exits(all);
    for (id, of) in seated(all).filter(|(_, of)| of.exit.is_none()) {
        let (share, has_lost_many) = shown(*id, of);
        let (after, demotion) = judged(of.standing, share, has_lost_many, true);
        if let Some(epochs) = demotion {
            let kind = Reason::Demotion { epochs }.kind();
            claims.push((kind, ending.epoch, after.score, *id));
        }
    }
    claims.sort_unstable();
    let claims: Vec<_> = claims.into_iter().map(|(.., id)| id).collect();
    let served: BTreeSet<_> = claims.iter().take(ready).collect();
    for (id, of) in all {
        // C14
        if of.is_proven() {
            of.standing.score = 0;
            continue;
        }
        let is_replaceable = served.contains(id) || !claims.contains(id) && ready > claims.len();
        let (share, has_lost_many) = shown(*id, of);
        let (after, demotion) = judged(of.standing, share, has_lost_many, is_replaceable);
        of.standing = after;
        if !of.standing.role.has_seat() {
            continue;
        }
        if let Some(epochs) = demotion {
            of.note_exit(Reason::Demotion { epochs }, ending.epoch);
        }
        // C26 and C27
        of.standing.role = if of.standing.score < 300 || of.exit.is_some() {
            Role::Observed
        } else {
            Role::Consensus
        };
    }
}

/// Organisations without a seat leave at once; how many of them by a proof of `epoch`.
fn leave_without_seat(all: &mut All, epoch: Epoch) -> usize {
    let mut proven = 0;
    for of in all.values_mut().filter(|of| !of.standing.role.has_seat()) {
        let Some(Exit { reason, since }) = of.exit.take() else {
            continue;
        };
        match reason {
            Reason::Proof => {
                of.standing.role = Role::Evicted;
                proven += usize::from(since == epoch);
            }
            Reason::Departure { .. } if of.standing.role != Role::Evicted => {
                of.standing.role = Role::Departed;
            }
            Reason::Departure { .. } | Reason::Demotion { .. } => {}
        }
    }
    proven
}

/// C25: exits in order, then growth.
fn reseat(all: &mut All, ending: &Ending<'_>, quorum: Quorum, mut ready: VecDeque<ReplicaId>) {
    let next = ending.epoch.next();
    let bound = (quorum.faulty / 2).max(1);
    let mut seats = quorum.members;
    let mut changes = 0;
    for (.., id) in exits(all) {
        let Some(Exit { reason, .. }) = all.get(&id).and_then(|of| of.exit) else {
            continue;
        };
        let most = match reason {
            Reason::Proof => quorum.faulty.max(bound),
            Reason::Departure { .. } | Reason::Demotion { .. } => bound,
        };
        if changes >= most {
            continue;
        }
        if let Some(successor) = ready.pop_front() {
            take_seat(all, successor);
        } else if falls_away(reason, seats) {
            seats -= 1;
        } else {
            continue;
        }
        changes += 1;
        if let Some(of) = all.get_mut(&id) {
            of.exit = None;
            of.standing.role = match reason {
                Reason::Proof => Role::Evicted,
                Reason::Departure { .. } => Role::Departed,
                Reason::Demotion { epochs } => {
                    of.demoted_until = Epoch(next.0 + epochs);
                    Role::Demoted
                }
            };
        }
    }
    while seats < ending.committee_size
        && changes < bound
        && let Some(newcomer) = ready.pop_front()
    {
        take_seat(all, newcomer);
        seats += 1;
        changes += 1;
    }
}

/// C26: a newcomer does not lead yet.
fn take_seat(all: &mut All, newcomer: ReplicaId) {
    if let Some(of) = all.get_mut(&newcomer) {
        of.standing.role = Role::Probation;
    }
}

/// C28: a seat that no organisation is ready for.
fn falls_away(reason: Reason, seats: usize) -> bool {
    let stays = Quorum::of(seats - 1).faulty == Quorum::of(seats).faulty;
    let may = match reason {
        Reason::Proof => stays,
        Reason::Departure { may_lower_faulty } => stays || may_lower_faulty,
        Reason::Demotion { .. } => false,
    };
    may && seats > 4
}
