//! Who sits after an epoch: each rule of the order, and the traps that it avoids.

use std::collections::BTreeMap;

use medshare_consensus::credit::{
    Alarm, CreditEvent, ExitReason, HeightFacts, OrganisationRecord, Participation, Role,
    participation,
};
use medshare_types::committee::Quorum;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use crate::consortium::Consortium;

const STAYS: ExitReason = ExitReason::Departure {
    may_lower_faulty: false,
};
const LOWERS: ExitReason = ExitReason::Departure {
    may_lower_faulty: true,
};
const DEMOTION: ExitReason = ExitReason::Demotion { epochs: 4 };

#[test]
fn the_way_of_an_organisation_through_its_roles() {
    let mut consortium = Consortium::new(5, 4);
    consortium.record(1).standing.credit.score = 300;
    consortium.share(1, 100);
    let conversion = consortium.step();
    assert_eq!(consortium.role(1), Role::Demoted);
    assert_eq!(consortium.role(4), Role::Probation);
    assert_eq!(consortium.leaders(), [0, 2, 3], "a newcomer votes only");
    let changed = |event: &CreditEvent| matches!(event, CreditEvent::RoleChanged { .. });
    let told: Vec<_> = conversion
        .events
        .iter()
        .filter(|event| changed(event))
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(
        told[0].to_string(),
        "height 160: seat 1 goes from consensus to demoted, credit too low after epoch 0, 4 epochs \
         without a seat"
    );
    assert_eq!(
        told[1].to_string(),
        "height 160: seat 4 goes from candidate to probation"
    );
    consortium.boundary.committee_size = 5;
    consortium.boundary.ready.remove(&ReplicaId(1));
    for epoch in 1..=3 {
        consortium.step();
        assert_eq!(consortium.role(4), Role::Consensus, "{epoch}");
        assert_eq!(consortium.role(1), Role::Demoted, "{epoch}");
    }
    consortium.step();
    assert_eq!(consortium.role(1), Role::Candidate, "four epochs are over");
    assert_eq!(consortium.score(1), 300);
    consortium.boundary.ready.insert(ReplicaId(1));
    consortium.step();
    assert_eq!(consortium.role(1), Role::Probation, "the committee grows");
}

#[test]
fn a_demoted_organisation_may_sit_in_the_first_epoch_after() {
    let mut consortium = Consortium::new(4, 4);
    consortium.boundary.committee_size = 5;
    let mut back = OrganisationRecord::new(false, Epoch(0));
    back.role = Role::Demoted;
    back.demoted_until = Epoch(1);
    back.standing.credit.score = 20;
    consortium.records.insert(ReplicaId(9), back);
    consortium.boundary.ready.insert(ReplicaId(9));
    let mut longer = consortium.clone();
    longer.record(9).demoted_until = Epoch(2);
    consortium.step();
    assert_eq!(consortium.role(9), Role::Probation);
    assert_eq!(consortium.score(9), 300);
    longer.step();
    assert_eq!(longer.role(9), Role::Demoted);
}

#[test]
fn proofs_come_first_then_departures_then_demotions_then_growth() {
    // n = 16: f = 5, two changes an epoch, five on proof.
    let mut consortium = Consortium::new(40, 16);
    consortium.boundary.committee_size = 20;
    consortium.exit(2, DEMOTION);
    consortium.boundary.epoch = Epoch(1);
    consortium.exit(1, DEMOTION);
    consortium.exit(5, STAYS);
    consortium.exit(7, ExitReason::Proof);
    let gone = |consortium: &Consortium| {
        let seats = consortium.seats();
        let former = (0..16).filter(|id| !seats.contains(id));
        (former.collect::<Vec<u16>>(), seats.len())
    };
    consortium.step();
    assert_eq!(gone(&consortium), (vec![5, 7], 16));
    assert_eq!(consortium.role(7), Role::Evicted);
    assert_eq!(consortium.score(7), 0);
    assert_eq!(consortium.role(5), Role::Departed);
    assert_eq!(consortium.role(1), Role::Observed, "it waits");
    assert_eq!(consortium.role(2), Role::Observed, "it waits");
    consortium.exit(9, STAYS);
    consortium.step();
    assert_eq!(
        gone(&consortium),
        (vec![2, 5, 7, 9], 16),
        "2 is longest due"
    );
    consortium.step();
    assert_eq!(
        gone(&consortium),
        (vec![1, 2, 5, 7, 9], 17),
        "one exit, one growth"
    );
    consortium.step();
    assert_eq!(gone(&consortium).1, 19);
    consortium.step();
    assert_eq!(gone(&consortium).1, 20);
    consortium.step();
    assert_eq!(gone(&consortium).1, 20, "the configured size");
}

#[test]
fn up_to_f_seats_change_hands_on_proof_and_nothing_else_then() {
    let mut consortium = Consortium::new(40, 16);
    for id in 0..5 {
        consortium.exit(id, ExitReason::Proof);
    }
    consortium.exit(5, STAYS);
    let conversion = consortium.step();
    assert_eq!(consortium.seats(), Vec::from_iter(5..21));
    assert_eq!(conversion.alarms, []);
    assert_eq!(consortium.role(5), Role::Observed);
}

#[test]
fn more_than_f_proofs_halt_the_chain_and_move_no_seat() {
    let mut consortium = Consortium::new(40, 16);
    for id in 0..6 {
        consortium.exit(id, ExitReason::Proof);
    }
    consortium.exit(7, STAYS);
    let conversion = consortium.step();
    assert!(conversion.halts());
    let alarm = Alarm::TooManyProofs {
        proven: 6,
        tolerated: 5,
    };
    assert_eq!(conversion.alarms, [alarm]);
    assert_eq!(consortium.seats(), Vec::from_iter(0..16));
    assert_eq!(consortium.score(0), 0);
    assert_eq!(consortium.role(0), Role::Observed);

    let mut without_seat = Consortium::new(40, 16);
    for id in [0, 1, 2, 3, 20, 21] {
        without_seat.exit(id, ExitReason::Proof);
    }
    assert!(without_seat.step().halts(), "former members count as well");
    assert_eq!(without_seat.role(20), Role::Evicted);
    let mut one_less = Consortium::new(40, 16);
    for id in [0, 1, 2, 3, 20] {
        one_less.exit(id, ExitReason::Proof);
    }
    assert!(!one_less.step().halts());
}

#[test]
fn proofs_that_wait_add_up() {
    let mut consortium = Consortium::new(4, 4);
    consortium.exit(0, ExitReason::Proof);
    let conversion = consortium.step();
    let alarm = Alarm::NoReadyNode { seat: ReplicaId(0) };
    assert_eq!(conversion.alarms, [alarm], "four members at least");
    consortium.exit(1, ExitReason::Proof);
    assert!(consortium.step().halts());
}

#[test]
fn a_seat_falls_away_only_while_f_and_four_members_stay() {
    for (n, reason, left) in [
        (4, LOWERS, 4),
        (4, ExitReason::Proof, 4),
        (5, STAYS, 4),
        (5, ExitReason::Proof, 4),
        (6, STAYS, 5),
        (7, STAYS, 7),
        (7, ExitReason::Proof, 7),
        (7, LOWERS, 6),
        (8, STAYS, 7),
        (8, DEMOTION, 8),
    ] {
        let mut consortium = Consortium::new(n, n);
        consortium.none_ready();
        consortium.exit(1, reason);
        let conversion = consortium.step();
        assert_eq!(consortium.seats().len(), left, "{n} {reason:?}");
        let stays = left == usize::from(n);
        let alarm = Alarm::NoReadyNode { seat: ReplicaId(1) };
        let alarms = if stays { vec![alarm] } else { vec![] };
        assert_eq!(conversion.alarms, alarms, "{n} {reason:?}");
        if stays {
            assert_eq!(consortium.role(1), Role::Observed);
        }
    }
    let mut replaced = Consortium::new(8, 7);
    replaced.exit(1, LOWERS);
    replaced.step();
    assert_eq!(
        replaced.seats().len(),
        7,
        "a ready organisation comes first"
    );
}

#[test]
fn free_seats_go_by_credit_and_resources_then_by_the_wait_then_by_number() {
    let newcomer = |change: &dyn Fn(&mut Consortium)| {
        let mut consortium = Consortium::new(8, 4);
        consortium.exit(0, STAYS);
        change(&mut consortium);
        consortium.step();
        let seats = consortium.seats();
        seats.into_iter().find(|id| *id > 3).unwrap()
    };
    assert_eq!(newcomer(&|_| {}), 4);
    assert_eq!(newcomer(&|c| c.record(6).standing.credit.score = 501), 6);
    assert_eq!(
        newcomer(&|c| {
            for id in [4, 5, 7] {
                c.record(id).waiting_since = Epoch(1);
            }
        }),
        6
    );
    let resources = |credit, resources| {
        newcomer(&|c: &mut Consortium| {
            c.record(5).standing.credit.score = credit;
            c.boundary.resources.insert(ReplicaId(7), resources);
        })
    };
    // 0.7 · 530 = 0.7 · 500 + 0.3 · 70
    assert_eq!(resources(530, 69), 5);
    assert_eq!(resources(530, 70), 5, "a tie");
    assert_eq!(resources(530, 71), 7);
    assert_eq!(
        newcomer(&|c| {
            c.boundary.ready.remove(&ReplicaId(4));
        }),
        5
    );
}

#[test]
fn a_demotion_needs_a_candidate_and_so_does_a_strike() {
    let bad = |pool: u16, ids: &[u16]| {
        let mut consortium = Consortium::new(pool, 7);
        for id in ids {
            consortium.record(*id).standing.credit.score = 300 + 10 * *id;
            consortium.share(*id, 0);
        }
        let conversion = consortium.step();
        let strikes = |id: u16| consortium.records[&ReplicaId(id)].standing.credit.strikes;
        let strikes: Vec<_> = (0..7).map(strikes).collect();
        (consortium, strikes, conversion.alarms)
    };
    let (alone, strikes, alarms) = bad(7, &[2]);
    assert_eq!((strikes, alone.role(2)), (vec![0; 7], Role::Observed));
    assert_eq!(alone.score(2), 192);
    assert_eq!(alarms, [Alarm::NoReadyNode { seat: ReplicaId(2) }]);
    assert_eq!(alone.seats().len(), 7);

    let (one, strikes, _) = bad(8, &[1, 2]);
    assert_eq!(
        strikes,
        [0, 1, 0, 0, 0, 0, 0],
        "the candidate is for the lowest"
    );
    assert_eq!((one.role(1), one.role(2)), (Role::Demoted, Role::Observed));

    // f = 2: one an epoch; the other one waits, with its strike.
    let (two, strikes, alarms) = bad(9, &[1, 2]);
    assert_eq!(strikes, [0, 1, 1, 0, 0, 0, 0]);
    assert_eq!((two.role(1), two.role(2)), (Role::Demoted, Role::Observed));
    assert_eq!(alarms, []);

    // A candidate that an earlier exit takes is none for a later one.
    let mut taken = Consortium::new(8, 7);
    taken.exit(0, STAYS);
    taken.record(1).standing.credit.score = 300;
    taken.share(1, 0);
    taken.share(2, 0);
    taken.step();
    for id in [1, 2] {
        assert_eq!(taken.records[&ReplicaId(id)].standing.credit.strikes, 0);
    }
    assert_eq!(taken.score(2), 300, "credit falls all the same");
}

#[test]
fn a_member_without_a_successor_leads_again_once_its_credit_is_back() {
    let mut consortium = Consortium::new(7, 7);
    consortium.record(2).standing.credit.score = 300;
    consortium.share(2, 0);
    consortium.step();
    assert_eq!(consortium.score(2), 180);
    consortium.share(2, 1000);
    let mut epochs = 0;
    while consortium.role(2) == Role::Observed && epochs < 10 {
        assert!(!consortium.leaders().contains(&2));
        consortium.step();
        epochs += 1;
    }
    assert_eq!(
        (epochs, consortium.role(2)),
        (2, Role::Consensus),
        "300 after two"
    );
}

#[test]
fn exits_without_a_seat_cost_none() {
    let mut consortium = Consortium::new(12, 7);
    consortium.exit(0, STAYS);
    consortium.exit(8, STAYS);
    consortium.exit(9, ExitReason::Proof);
    consortium.step();
    assert_eq!(consortium.role(0), Role::Departed);
    assert_eq!(consortium.role(8), Role::Departed);
    assert_eq!(consortium.role(9), Role::Evicted);
    assert_eq!(consortium.role(7), Role::Probation);
    consortium.exit(8, ExitReason::Proof);
    consortium.exit(9, STAYS);
    consortium.step();
    assert_eq!(consortium.role(8), Role::Evicted, "an old proof");
    assert_eq!(
        (consortium.role(9), consortium.score(9)),
        (Role::Evicted, 0)
    );
}

/// Five liars among 16 of 40 that vote for nothing in every tenth epoch. Returns their seats after each
/// epoch; `forget` drops demotions that wait.
fn on_off(forget: bool) -> Vec<usize> {
    let mut consortium = Consortium::new(40, 16);
    let mut held = Vec::new();
    for epoch in 1..=50 {
        for id in 0..5 {
            consortium.share(id, if epoch % 10 == 0 { 0 } else { 1000 });
        }
        consortium.step();
        if forget {
            for record in consortium.records.values_mut() {
                record.exit = None;
            }
        }
        held.push(consortium.seats().iter().filter(|id| **id < 5).count());
    }
    held
}

#[test]
fn demotions_beyond_the_bound_are_not_forgotten() {
    // All five fall below 300 at once, in epoch 20; two seats change hands an epoch.
    assert_eq!(on_off(false)[18..24], [5, 3, 1, 0, 0, 0]);
    let naive = on_off(true);
    assert!(
        naive[19..29].iter().all(|held| *held == 3),
        "19 % of seats: {naive:?}"
    );
}

#[test]
fn probation_observation_and_missing_keys_bar_no_more_than_the_rest_allows() {
    let mut consortium = Consortium::new(7, 7);
    consortium.record(1).role = Role::Probation;
    consortium.record(2).role = Role::Observed;
    assert_eq!(consortium.leaders(), [0, 3, 4, 5, 6]);
    consortium.boundary.ready.remove(&ReplicaId(3));
    // Five lead at least: those that never lost a turn, in the order of seats.
    assert_eq!(consortium.leaders(), [0, 1, 4, 5, 6]);
    consortium.record(1).standing.leading.last_lost = Height(10);
    assert_eq!(consortium.leaders(), [0, 2, 4, 5, 6]);
    consortium.exit(2, ExitReason::Proof);
    assert_eq!(consortium.leaders(), [0, 3, 4, 5, 6]);
    consortium.record(3).standing.leading.last_lost = Height(20);
    assert_eq!(consortium.leaders(), [0, 1, 4, 5, 6], "offenders come last");
}

#[test]
fn a_mute_member_leads_again_only_after_all_others() {
    // Mute as primary, it votes well, so its credit is the highest.
    let quorum = Quorum::of(7);
    let mut consortium = Consortium::new(7, 7);
    consortium.record(0).standing.credit.score = 1000;
    for (id, height) in [(0, 190), (1, 100), (2, 50)] {
        let leading = &mut consortium.record(id).standing.leading;
        *leading = leading.after_lost_turn(Height(height), quorum);
    }
    assert_eq!(consortium.leaders(), [2, 3, 4, 5, 6]);
    let by_credit = (0..3).max_by_key(|id| consortium.score(*id));
    assert_eq!(by_credit, Some(0), "by credit it would lead again at once");
}

#[test]
fn enough_members_lead_that_votes_are_measured() {
    // Twenty heights of each leader, for which all members voted.
    let measured = |n: u16, leaders: &[u16]| {
        let quorum = Quorum::of(n.into());
        let height = |height: usize| HeightFacts {
            height: Height(height as u64),
            proposer: ReplicaId(leaders[height % leaders.len()]),
            view: View(0),
            commits: (0..n).map(|id| (ReplicaId(id), View(0))).collect(),
            late: BTreeMap::new(),
        };
        let heights: Vec<_> = (0..20 * leaders.len()).map(height).collect();
        participation(ReplicaId(0), &heights, quorum)
    };
    for n in 4..=31 {
        let mut consortium = Consortium::new(n, n);
        for record in consortium.records.values_mut() {
            record.role = Role::Observed;
        }
        let leaders = consortium.leaders();
        assert_eq!(measured(n, &leaders), Participation::PerMille(1000), "{n}");
        assert_eq!(measured(n, &leaders[1..]), Participation::Unmeasured, "{n}");
    }
}
