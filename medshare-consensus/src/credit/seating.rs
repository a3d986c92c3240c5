//! Who sits after an epoch, and who of them leads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use medshare_types::committee::{MIN_MEMBERS, Quorum};
use medshare_types::id::{Epoch, Height, ReplicaId};

use super::event::CreditEvent;
use super::leading::may_lead;
use super::participation::Participation;
use super::role::{Exit, ExitReason, OrganisationRecord, Role};
use super::rule::{CreditRule, EpochReport, Verdict};

/// Epochs without a seat where a rule would evict without a proof.
const LONGEST_DEMOTION: u32 = 64;

/// What a conversion depends on besides the records: facts that the state has at the end of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The epoch that ends.
    pub epoch: Epoch,
    /// The last height of that epoch.
    pub height: Height,
    /// Seats that the committee grows to.
    pub committee_size: usize,
    /// Organisations that answered the last challenge over the state and registered a key for the
    /// next epoch.
    pub ready: BTreeSet<ReplicaId>,
    /// Resource scores, per mille; 0 where absent.
    pub resources: BTreeMap<ReplicaId, u16>,
    /// What the epoch showed of its members. Whether misbehaviour is proven stands in the records, and
    /// whether a candidate could take the seat follows from both.
    pub reports: BTreeMap<ReplicaId, EpochReport>,
}

/// A condition that operators must hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub enum Alarm {
    /// A member keeps a seat that it should lose: no organisation is ready for it.
    NoReadyNode {
        /// The member in question.
        seat: ReplicaId,
    },
    /// More members are proven to misbehave than the committee tolerates: the chain must halt, and the
    /// organisations decide.
    TooManyProofs {
        /// Members with a proof.
        proven: usize,
        /// Faults that the committee tolerates.
        tolerated: usize,
    },
}

/// What an epoch's end changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// All organisations from the next epoch on.
    pub records: BTreeMap<ReplicaId, OrganisationRecord>,
    /// What changed, by organisation: credit first, then roles.
    pub events: Vec<CreditEvent>,
    /// Conditions that operators must hear of.
    pub alarms: Vec<Alarm>,
}

impl Conversion {
    /// The committee of the next epoch, ascending.
    #[must_use]
    pub fn seats(&self) -> BTreeSet<ReplicaId> {
        seats(&self.records)
    }

    /// True where the chain must not go on without a decision of the organisations.
    #[must_use]
    pub fn halts(&self) -> bool {
        let halts = |alarm: &Alarm| matches!(alarm, Alarm::TooManyProofs { .. });
        self.alarms.iter().any(halts)
    }
}

/// The members of the committee, ascending.
#[must_use]
pub fn seats(records: &BTreeMap<ReplicaId, OrganisationRecord>) -> BTreeSet<ReplicaId> {
    let seated = records.iter().filter(|(_, record)| record.role.is_seated());
    seated.map(|(seat, _)| *seat).collect()
}

/// C18: the members that may lead at `height`: all in consensus that have a key for the epoch and no
/// ban; of the others as many as [`may_lead`] needs, proven offenders last.
///
/// Cost: O(n log n).
#[must_use]
pub fn leaders(
    records: &BTreeMap<ReplicaId, OrganisationRecord>,
    keyed: &BTreeSet<ReplicaId>,
    height: Height,
) -> BTreeSet<ReplicaId> {
    let mut members = BTreeMap::new();
    let mut barred = BTreeSet::new();
    let mut offenders = BTreeSet::new();
    for (seat, record) in records.iter().filter(|(_, of)| of.role.is_seated()) {
        members.insert(*seat, record.standing.leading);
        if record.role != Role::Consensus || !keyed.contains(seat) {
            barred.insert(*seat);
        }
        if record.is_proven() {
            offenders.insert(*seat);
        }
    }
    let quorum = Quorum::of(members.len());
    may_lead(&members, &barred, &offenders, height, quorum)
}

/// C19: ends an epoch: credit by `rule`, then roles and seats. A function of its arguments alone, total.
///
/// At most max(1, ⌊f/2⌋) seats change hands, are added or fall away, up to f on proof, where f is that
/// of the committee which ends; only ready organisations take seats. What exceeds the bound waits.
///
/// Cost: O(m log m) for m organisations.
#[must_use]
pub fn convert(
    records: &BTreeMap<ReplicaId, OrganisationRecord>,
    boundary: &Boundary,
    rule: &impl CreditRule,
) -> Conversion {
    let mut seating = Seating::new(records, boundary);
    seating.end_demotions(rule);
    let ready = seating.ready();
    seating.judge(ready.len(), rule);
    seating.settle_the_unseated();
    if !seating.has_too_many_proofs() {
        seating.reseat(ready);
    }
    seating.name_roles(records);
    Conversion {
        records: seating.records,
        events: seating.events,
        alarms: seating.alarms,
    }
}

/// A conversion under way.
struct Seating<'a> {
    boundary: &'a Boundary,
    /// The epoch that begins.
    next: Epoch,
    /// Of the committee that ends.
    quorum: Quorum,
    records: BTreeMap<ReplicaId, OrganisationRecord>,
    /// Why organisations lost their seats at this boundary.
    left: BTreeMap<ReplicaId, Exit>,
    events: Vec<CreditEvent>,
    alarms: Vec<Alarm>,
}

/// Where an exit stands in the order: kind, epoch, credit, organisation.
type Turn = (u8, Epoch, u16, ReplicaId);

impl<'a> Seating<'a> {
    fn new(records: &BTreeMap<ReplicaId, OrganisationRecord>, boundary: &'a Boundary) -> Self {
        Self {
            boundary,
            next: boundary.epoch.next(),
            quorum: Quorum::of(seats(records).len()),
            records: records.clone(),
            left: BTreeMap::new(),
            events: Vec::new(),
            alarms: Vec::new(),
        }
    }

    /// C20: an organisation whose demotion is over waits for a seat again.
    fn end_demotions(&mut self, rule: &impl CreditRule) {
        let demoted = |record: &&mut OrganisationRecord| record.role == Role::Demoted;
        for record in self.records.values_mut().filter(demoted) {
            if record.demoted_until <= self.next && record.exit.is_none() {
                record.await_seat(self.next, rule);
            }
        }
    }

    /// C21: the organisations that may take a seat, in order: the highest 0.7 C + 0.3 R first, then the
    /// longest wait, then the lowest id.
    fn ready(&self) -> VecDeque<ReplicaId> {
        let waits = |record: &OrganisationRecord| {
            matches!(record.role, Role::Candidate | Role::Ready) && record.exit.is_none()
        };
        let mut ready: Vec<_> = self
            .records
            .iter()
            .filter(|(seat, record)| waits(record) && self.boundary.ready.contains(seat))
            .map(|(seat, record)| {
                let resources = self.boundary.resources.get(seat).copied().unwrap_or(0);
                let credit = record.standing.credit.score;
                let score = u32::from(credit) * 7 + u32::from(resources.min(1000)) * 3;
                (core::cmp::Reverse(score), record.waiting_since, *seat)
            })
            .collect();
        ready.sort_unstable();
        ready.into_iter().map(|(.., seat)| seat).collect()
    }

    /// Credit after the epoch, and new demotions.
    ///
    /// C22: a candidate can take the seat of a member, as C10 asks, where one is left for it by the
    /// exits that come before its own.
    fn judge(&mut self, ready: usize, rule: &impl CreditRule) {
        let claims = self.claims(rule);
        let served: BTreeSet<_> = claims.iter().take(ready).collect();
        let is_replaceable = |seat: &ReplicaId| {
            served.contains(seat) || (!claims.contains(seat) && ready > claims.len())
        };
        for (seat, record) in &mut self.records {
            let replaceable = is_replaceable(seat);
            let report = EpochReport {
                replaceable,
                ..report_of(self.boundary, seat, record)
            };
            let before = record.standing.credit;
            let (after, verdict) = rule.after_epoch(&before, &report);
            record.standing.credit = after;
            let is_seated = record.role.is_seated();
            if is_seated || (after.score, after.strikes) != (before.score, before.strikes) {
                self.events.push(CreditEvent::EpochEnded {
                    seat: *seat,
                    epoch: self.boundary.epoch,
                    height: self.boundary.height,
                    report,
                    before,
                    after,
                });
            }
            if !is_seated || record.is_proven() {
                continue;
            }
            let may_demote = replaceable || record.exit.is_some();
            record.role = match demotion(verdict) {
                Some(reason) if may_demote => {
                    record.note_exit(reason, self.boundary.epoch);
                    Role::Observed
                }
                None if verdict == Verdict::Keep => Role::Consensus,
                _ => {
                    if !may_demote {
                        self.alarms.push(Alarm::NoReadyNode { seat: *seat });
                    }
                    Role::Observed
                }
            };
        }
    }

    /// The members that are to lose their seats, those that a rule would demote now included, in the
    /// order of exits.
    fn claims(&self, rule: &impl CreditRule) -> Vec<ReplicaId> {
        let mut claims = self.exits();
        for (seat, record) in &self.records {
            if !record.role.is_seated() || record.exit.is_some() {
                continue;
            }
            let report = EpochReport {
                replaceable: true,
                ..report_of(self.boundary, seat, record)
            };
            let (credit, verdict) = rule.after_epoch(&record.standing.credit, &report);
            if let Some(reason) = demotion(verdict) {
                claims.push((reason.rank(), self.boundary.epoch, credit.score, *seat));
            }
        }
        claims.sort_unstable();
        claims.into_iter().map(|(.., seat)| seat).collect()
    }

    /// C23: members with an exit, in order: proofs, departures, demotions; within each the longest due,
    /// then the lowest credit, then the lowest id.
    fn exits(&self) -> Vec<Turn> {
        let seated = self.records.iter().filter(|(_, of)| of.role.is_seated());
        let mut exits: Vec<Turn> = seated
            .filter_map(|(seat, record)| {
                let exit = record.exit?;
                let score = record.standing.credit.score;
                Some((exit.reason.rank(), exit.since, score, *seat))
            })
            .collect();
        exits.sort_unstable();
        exits
    }

    /// Exits of organisations that have no seat to lose: outside the bound.
    fn settle_the_unseated(&mut self) {
        for (seat, record) in &mut self.records {
            let Some(exit) = record.exit.filter(|_| !record.role.is_seated()) else {
                continue;
            };
            match exit.reason {
                ExitReason::Departure { .. } if record.role == Role::Evicted => record.exit = None,
                ExitReason::Demotion { .. } => record.exit = None,
                reason => {
                    record.leave_seat(reason, self.next);
                    self.left.insert(*seat, exit);
                }
            }
        }
    }

    /// C24: with more proofs than the committee tolerates faults no seat changes hands: the committee
    /// that would be asked cannot be trusted.
    fn has_too_many_proofs(&mut self) -> bool {
        let of_this_epoch = |seat: &ReplicaId| {
            let left = self.left.get(seat);
            left.is_some_and(|exit| {
                exit.reason == ExitReason::Proof && exit.since == self.boundary.epoch
            })
        };
        let counts = |(seat, record): &(&ReplicaId, &OrganisationRecord)| {
            (record.role.is_seated() && record.is_proven()) || of_this_epoch(seat)
        };
        let proven = self.records.iter().filter(counts).count();
        let tolerated = self.quorum.faulty();
        if proven > tolerated {
            self.alarms.push(Alarm::TooManyProofs { proven, tolerated });
        }
        proven > tolerated
    }

    /// C25: exits in order, then growth, within the bound.
    fn reseat(&mut self, mut ready: VecDeque<ReplicaId>) {
        let bound = (self.quorum.faulty() / 2).max(1);
        let mut members = self.quorum.members();
        let mut changes = 0;
        for (.., seat) in self.exits() {
            let Some(exit) = self.records.get(&seat).and_then(|record| record.exit) else {
                continue;
            };
            // More proofs than f halt (C24).
            if changes >= bound && exit.reason != ExitReason::Proof {
                continue;
            }
            if let Some(successor) = ready.pop_front() {
                self.seat(successor);
            } else if falls_away(exit.reason, members) {
                members -= 1;
            } else {
                self.alarms.push(Alarm::NoReadyNode { seat });
                continue;
            }
            if let Some(record) = self.records.get_mut(&seat) {
                record.leave_seat(exit.reason, self.next);
                self.left.insert(seat, exit);
            }
            changes += 1;
        }
        while members < self.boundary.committee_size && changes < bound {
            let Some(newcomer) = ready.pop_front() else {
                break;
            };
            self.seat(newcomer);
            members += 1;
            changes += 1;
        }
    }

    /// C26: a newcomer is on probation for its first epoch.
    fn seat(&mut self, newcomer: ReplicaId) {
        if let Some(record) = self.records.get_mut(&newcomer) {
            record.role = Role::Probation;
        }
    }

    /// C27: members whose exit waits are observed; the unseated are ready or not.
    fn name_roles(&mut self, before: &BTreeMap<ReplicaId, OrganisationRecord>) {
        for (seat, record) in &mut self.records {
            record.role = match record.role {
                role if role.is_seated() && record.exit.is_some() => Role::Observed,
                Role::Candidate | Role::Ready if self.boundary.ready.contains(seat) => Role::Ready,
                Role::Candidate | Role::Ready => Role::Candidate,
                role => role,
            };
            let Some(former) = before.get(seat).filter(|of| of.role != record.role) else {
                continue;
            };
            self.events.push(CreditEvent::RoleChanged {
                seat: *seat,
                height: self.boundary.height,
                before: former.role,
                after: record.role,
                exit: self.left.get(seat).copied().or(record.exit),
            });
        }
    }
}

/// What the epoch showed of an organisation; of one without a seat, only whether it is proven to have
/// misbehaved.
fn report_of(boundary: &Boundary, seat: &ReplicaId, record: &OrganisationRecord) -> EpochReport {
    let unmeasured = EpochReport {
        participation: Participation::Unmeasured,
        turns: 0,
        lost: 0,
        proven: false,
        replaceable: false,
    };
    let report = boundary.reports.get(seat).copied();
    EpochReport {
        proven: record.is_proven(),
        ..report
            .filter(|_| record.role.is_seated())
            .unwrap_or(unmeasured)
    }
}

/// Statistics demote; only a proof evicts.
const fn demotion(verdict: Verdict) -> Option<ExitReason> {
    match verdict {
        Verdict::Keep | Verdict::Observe => None,
        Verdict::Demote { epochs } => Some(ExitReason::Demotion { epochs }),
        Verdict::Evict => Some(ExitReason::Demotion {
            epochs: LONGEST_DEMOTION,
        }),
    }
}

/// C28: without a ready organisation the seat of an offender or of one that departs falls away, if at
/// least four members stay and f stays, or the vote says that f may fall.
fn falls_away(reason: ExitReason, members: usize) -> bool {
    let left = members.saturating_sub(1);
    let stays = Quorum::of(left).faulty() == Quorum::of(members).faulty();
    left >= MIN_MEMBERS
        && match reason {
            ExitReason::Proof => stays,
            ExitReason::Departure { may_lower_faulty } => stays || may_lower_faulty,
            ExitReason::Demotion { .. } => false,
        }
}
