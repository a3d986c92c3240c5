//! What holds for every conversion, whatever the records and the facts.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::credit::{
    Alarm, Boundary, Conversion, DefaultRule, EpochReport, Exit, ExitReason, OrganisationRecord,
    Participation, Role, convert, leaders, seats,
};
use medshare_types::committee::Quorum;
use medshare_types::id::{Epoch, Height, ReplicaId};
use proptest::prelude::*;

type Records = BTreeMap<ReplicaId, OrganisationRecord>;

/// The epoch that ends in every case.
const ENDS: Epoch = Epoch(40);

fn reason() -> impl Strategy<Value = ExitReason> {
    prop_oneof![
        Just(ExitReason::Proof),
        any::<bool>().prop_map(|may_lower_faulty| ExitReason::Departure { may_lower_faulty }),
        (1u32..=64).prop_map(|epochs| ExitReason::Demotion { epochs }),
    ]
}

fn exit() -> impl Strategy<Value = Option<Exit>> {
    let exit = (reason(), 30..=ENDS.0);
    let exit = exit.prop_map(|(reason, since)| Exit {
        reason,
        since: Epoch(since),
    });
    prop_oneof![3 => Just(None), 1 => exit.prop_map(Some)]
}

fn record(seated: bool) -> impl Strategy<Value = OrganisationRecord> {
    let roles = if seated {
        vec![Role::Probation, Role::Consensus, Role::Observed]
    } else {
        vec![
            Role::Candidate,
            Role::Ready,
            Role::Demoted,
            Role::Evicted,
            Role::Departed,
        ]
    };
    let fields = (
        proptest::sample::select(roles),
        (0u16..=1000, 0u8..=3, any::<u8>()),
        exit(),
        (0..=ENDS.0 + 1, 0..=ENDS.0 + 5),
        0u64..500,
    );
    fields.prop_map(|(role, credit, exit, (waiting, until), last_lost)| {
        let mut record = OrganisationRecord::new(false, Epoch(waiting));
        record.role = role;
        record.exit = exit;
        record.demoted_until = Epoch(until);
        let (score, strikes, since_strike) = credit;
        record.standing.credit.score = score;
        record.standing.credit.strikes = strikes;
        record.standing.credit.since_strike = since_strike;
        record.standing.leading.last_lost = Height(last_lost);
        record
    })
}

fn report() -> impl Strategy<Value = EpochReport> {
    let share = prop_oneof![
        1 => Just(Participation::Unmeasured),
        4 => (0u16..=1000).prop_map(Participation::PerMille),
    ];
    (share, 0u64..200, 0u64..5).prop_map(|(participation, turns, lost)| EpochReport {
        participation,
        turns,
        lost,
        proven: false,
        replaceable: false,
    })
}

/// 4 to 31 members and up to 20 others, in any order of ids.
fn case() -> impl Strategy<Value = (Records, Boundary)> {
    let members = proptest::collection::vec(record(true), 4..=31);
    let others = proptest::collection::vec(record(false), 0..=20);
    let all = (members, others).prop_map(|(members, others)| [members, others].concat());
    all.prop_shuffle().prop_flat_map(|all| {
        let n = all.len();
        let facts = (
            proptest::collection::vec((any::<bool>(), 0u16..=1000, report()), n),
            4usize..=40,
        );
        (Just(all), facts).prop_map(|(all, (facts, committee_size))| {
            let ids = (0u16..).map(ReplicaId);
            let facts: BTreeMap<_, _> = ids.clone().zip(facts).collect();
            let ready = facts.iter().filter(|(_, fact)| fact.0);
            let boundary = Boundary {
                epoch: ENDS,
                height: Height(9_000),
                committee_size,
                ready: ready.map(|(id, _)| *id).collect(),
                resources: facts.iter().map(|(id, fact)| (*id, fact.1)).collect(),
                reports: facts.iter().map(|(id, fact)| (*id, fact.2)).collect(),
            };
            (ids.zip(all).collect(), boundary)
        })
    })
}

/// Who came, who went, and of those the reasons.
struct Change {
    before: BTreeSet<ReplicaId>,
    after: BTreeSet<ReplicaId>,
    came: BTreeSet<ReplicaId>,
    went: BTreeMap<ReplicaId, Role>,
}

impl Change {
    fn new(records: &Records, conversion: &Conversion) -> Self {
        let (before, after) = (seats(records), conversion.seats());
        let went = before.difference(&after);
        Self {
            came: after.difference(&before).copied().collect(),
            went: went.map(|id| (*id, conversion.records[id].role)).collect(),
            before,
            after,
        }
    }

    fn went_as(&self, role: Role) -> usize {
        self.went.values().filter(|of| **of == role).count()
    }
}

fn bounds(change: &Change) -> Result<(), TestCaseError> {
    let faulty = Quorum::of(change.before.len()).faulty();
    let bound = (faulty / 2).max(1);
    let (evicted, changes) = (
        change.went_as(Role::Evicted),
        change.came.len().max(change.went.len()),
    );
    prop_assert!(evicted <= faulty);
    prop_assert!(changes <= bound.max(evicted), "{changes} of {bound}");
    if evicted > bound {
        prop_assert_eq!(evicted, change.went.len());
    }
    Ok(())
}

fn newcomers(
    records: &Records,
    boundary: &Boundary,
    change: &Change,
    conversion: &Conversion,
) -> Result<(), TestCaseError> {
    for id in &change.came {
        let former = records[id];
        let waited = match former.role {
            Role::Candidate | Role::Ready => true,
            Role::Demoted => former.demoted_until <= ENDS.next(),
            _ => false,
        };
        prop_assert!(waited && former.exit.is_none() && boundary.ready.contains(id));
        prop_assert_eq!(conversion.records[id].role, Role::Probation);
        prop_assert!(
            former.role != Role::Demoted || conversion.records[id].standing.credit.score >= 300
        );
    }
    // The best of those that waited: none that stays out has a higher score.
    let score = |id: &ReplicaId| {
        let credit = conversion.records[id].standing.credit.score;
        u32::from(credit) * 7 + u32::from(boundary.resources[id]) * 3
    };
    let left = conversion.records.iter();
    let left = left.filter(|(id, now)| now.role == Role::Ready && records[id].exit.is_none());
    let best_left = left.map(|(id, _)| score(id)).max();
    let worst_came = change.came.iter().map(score).min();
    prop_assert!(worst_came.is_none() || best_left <= worst_came);
    Ok(())
}

/// Exits are carried out in their order, apart from seats that fall away.
fn order(records: &Records, change: &Change, conversion: &Conversion) -> Result<(), TestCaseError> {
    let rank = |reason: ExitReason| match reason {
        ExitReason::Proof => 0,
        ExitReason::Departure { .. } => 1,
        ExitReason::Demotion { .. } => 2,
    };
    let mut waiting = Vec::new();
    for id in &change.before {
        let now = &conversion.records[id];
        let was = records[id].exit;
        if let Some(exit) = now.exit.filter(|_| change.after.contains(id)) {
            prop_assert_eq!(now.role, Role::Observed);
            prop_assert!(
                was.is_none_or(|was| was.since == exit.since),
                "its turn stays"
            );
            waiting.push((rank(exit.reason), exit.since));
        } else if was.is_some() {
            prop_assert!(!change.after.contains(id), "no exit is forgotten");
        }
    }
    let first_waiting = waiting.iter().min();
    if change.came.len() < change.went.len() {
        return Ok(());
    }
    for id in change.went.keys() {
        let new = Exit {
            reason: ExitReason::Demotion { epochs: 1 },
            since: ENDS,
        };
        let exit = records[id].exit.unwrap_or(new);
        prop_assert!(first_waiting.is_none_or(|first| (rank(exit.reason), exit.since) <= *first));
    }
    let grew = change.came.len() > change.went.len();
    prop_assert!(!grew || waiting.is_empty(), "growth comes last");
    Ok(())
}

fn alarms(change: &Change, conversion: &Conversion) -> Result<(), TestCaseError> {
    for alarm in &conversion.alarms {
        if let Alarm::NoReadyNode { seat } = alarm {
            prop_assert_eq!(conversion.records[seat].role, Role::Observed);
        }
    }
    if conversion.halts() {
        prop_assert_eq!(&change.before, &change.after);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_conversion_keeps_its_bounds((records, boundary) in case()) {
        let conversion = convert(&records, &boundary, &DefaultRule::default());
        let change = Change::new(&records, &conversion);
        bounds(&change)?;
        newcomers(&records, &boundary, &change, &conversion)?;
        order(&records, &change, &conversion)?;
        alarms(&change, &conversion)?;

        prop_assert!(change.after.len() >= 4);
        let grows_to = boundary.committee_size.max(change.before.len());
        prop_assert!(change.after.len() <= grows_to);
        let faulty = |seats: &BTreeSet<_>| Quorum::of(seats.len()).faulty();
        let lowers = |id: &ReplicaId| {
            let exit = records[id].exit.map(|exit| exit.reason);
            exit == Some(ExitReason::Departure { may_lower_faulty: true })
        };
        prop_assert!(
            faulty(&change.after) >= faulty(&change.before) || change.went.keys().any(lowers),
            "f falls by a vote alone"
        );
        for (id, former) in &records {
            let now = &conversion.records[id];
            prop_assert!(!former.role.is_final() || now.role.is_final());
            prop_assert!(former.role != Role::Evicted || now.role == Role::Evicted);
            let proven = former.is_proven();
            prop_assert_eq!(now.is_proven(), proven, "statistics evict no member");
            prop_assert!(!proven || now.standing.credit.score == 0);
            prop_assert!(now.standing.credit.strikes <= 3);
        }
    }

    #[test]
    fn leaders_are_2f_plus_1_members_at_least((records, boundary) in case()) {
        let members = seats(&records);
        let leaders = leaders(&records, &boundary.ready, Height(600));
        prop_assert!(leaders.is_subset(&members));
        let least = 2 * Quorum::of(members.len()).faulty() + 1;
        prop_assert!(leaders.len() >= least);
        let free = |id: &ReplicaId| {
            let of = &records[id];
            of.role == Role::Consensus && !of.is_proven() && boundary.ready.contains(id)
        };
        let (free, rest): (BTreeSet<_>, BTreeSet<_>) = members.iter().partition(|id| free(id));
        prop_assert!(free.is_subset(&leaders));
        prop_assert!(leaders.len() == free.len() || leaders.len() == least);
        let offenders = rest.iter().filter(|id| records[*id].is_proven());
        let others = rest.iter().filter(|id| !records[*id].is_proven());
        let leads = |id: &&ReplicaId| leaders.contains(*id);
        prop_assert!(
            !offenders.clone().any(|id| leads(&id)) || others.clone().all(|id| leads(&id)),
            "offenders come last"
        );
    }

    #[test]
    fn every_exit_is_carried_out_in_time((mut records, mut boundary) in case()) {
        let due = |records: &Records| {
            let due = records.values().filter(|of| of.role.is_seated() && of.exit.is_some());
            due.count()
        };
        // All honest from here on, and enough newcomers.
        for report in boundary.reports.values_mut() {
            report.participation = Participation::PerMille(1000);
        }
        for id in 100..140 {
            let newcomer = OrganisationRecord::new(false, boundary.epoch);
            records.insert(ReplicaId(id), newcomer);
            boundary.ready.insert(ReplicaId(id));
        }
        let bound = (Quorum::of(seats(&records).len()).faulty() / 2).max(1);
        let mut left = due(&records);
        let mut halted = false;
        while left > 0 && !halted {
            let conversion = convert(&records, &boundary, &DefaultRule::default());
            halted = conversion.halts();
            records = conversion.records;
            boundary.epoch = boundary.epoch.next();
            prop_assert!(halted || due(&records) + bound.min(left) <= left);
            left = due(&records);
        }
    }
}
