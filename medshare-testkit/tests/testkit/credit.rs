//! Credit and bans in whole runs: alike at every member, and no honest member blamed.
//!
//! `SEEDS=n cargo test --release -p medshare-testkit credit` runs n seeds of each.

use medshare_consensus::credit::{CreditEvent, EpochRule, Participation};
use medshare_consensus::{Mode, ProposalFault, Rejected, explain};
use medshare_testkit::behaviour::{
    BadMouther, CommitWithholder, Framer, LeaveOut, Omitter, Silent, SlowPrimary,
};
use medshare_testkit::{Behaviour, Faults, Report, Scenario, Setting, Simulation};
use medshare_types::id::{Height, ReplicaId};

/// Two epochs and the heights that stay open after them.
const HEIGHTS: u64 = 170;
const RULE: EpochRule = EpochRule {
    heights: 80,
    min_ms: 0,
};

fn seeds(default: u64) -> u64 {
    std::env::var("SEEDS").map_or(default, |seeds| {
        let parsed = seeds.parse();
        parsed.unwrap_or_else(|error| panic!("SEEDS={seeds}: {error}"))
    })
}

fn scenario(seed: u64) -> Scenario {
    let scenario = Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"));
    scenario
        .with_heights(HEIGHTS)
        .with_deadline_ms(600_000)
        .with_epochs(RULE)
}

fn run(seed: u64, scenario: Scenario) -> Report {
    let report = Simulation::new(scenario).run();
    assert_eq!(report.violations, [], "seed {seed}");
    assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
    report
}

fn attacker(seed: u64) -> ReplicaId {
    ReplicaId(u16::try_from(seed % 4).unwrap_or_default())
}

/// Runs with one attacker of four; its seat changes with the seed.
fn attacks(
    behaviour: impl Fn(&Setting, ReplicaId) -> Box<dyn Behaviour> + Copy,
) -> Vec<(ReplicaId, Report)> {
    let run = |seed| {
        let attacker = attacker(seed);
        let report = run(seed, scenario(seed).with_byzantine(attacker, behaviour));
        (attacker, report)
    };
    (0..seeds(3)).map(run).collect()
}

/// The events of a seat, as its organisation would be told.
fn explained(report: &Report, seat: ReplicaId) -> Vec<CreditEvent> {
    let setting = Setting::new(4).expect("four members").with_epochs(RULE);
    let genesis = setting.genesis().record;
    explain(seat, genesis, report.blocks.clone())
}

fn lost_turns(events: &[CreditEvent]) -> usize {
    let lost = |event: &&CreditEvent| matches!(event, CreditEvent::LostTurn { .. });
    events.iter().filter(lost).count()
}

/// The share of heights voted for in each epoch that measured it.
fn shares(events: &[CreditEvent]) -> Vec<u16> {
    let share = |event: &CreditEvent| match event {
        CreditEvent::EpochEnded { report, .. } => match report.participation {
            Participation::PerMille(share) => Some(share),
            Participation::Unmeasured => None,
        },
        CreditEvent::LostTurn { .. } | CreditEvent::RoleChanged { .. } => None,
    };
    events.iter().filter_map(share).collect()
}

/// Every honest seat rises, and none is blamed.
fn assert_honest_rise(report: &Report, attackers: &[ReplicaId]) {
    for seat in (0..4)
        .map(ReplicaId)
        .filter(|seat| !attackers.contains(seat))
    {
        let events = explained(report, seat);
        assert_eq!(lost_turns(&events), 0, "{events:#?}");
        let standing = report.standings[&seat];
        assert!(standing.credit.score > 560, "{seat}: {events:#?}");
    }
}

#[test]
fn credit_rises_where_all_take_part() {
    for seed in 0..seeds(3) {
        let report = run(seed, scenario(seed));
        assert_honest_rise(&report, &[]);
        for seat in (0..4).map(ReplicaId) {
            let events = explained(&report, seat);
            assert_eq!(shares(&events).len(), 2, "{events:#?}");
            let after = events.iter().rev().find_map(|event| match event {
                CreditEvent::EpochEnded { after, .. } => Some(*after),
                CreditEvent::LostTurn { .. } | CreditEvent::RoleChanged { .. } => None,
            });
            assert_eq!(after, Some(report.standings[&seat].credit));
        }
    }
}

/// Loss, crashes and restarts, with logs replayed and blocks served: the record is the same.
#[test]
fn credit_is_the_same_everywhere_after_crashes_and_catching_up() {
    for seed in 0..seeds(4) {
        let scenario = scenario(seed).with_faults(Faults::ROUGH);
        let report = run(seed, scenario);
        assert!(report.crashes > 0, "seed {seed}");
        for (_, rejected) in &report.rejected {
            let refused = matches!(
                rejected,
                Rejected::InvalidProposal {
                    fault: ProposalFault::WrongAttestations
                        | ProposalFault::InadmissibleAttestation
                        | ProposalFault::ForgedAttestation,
                    ..
                }
            );
            assert!(!refused, "seed {seed}: {rejected}");
        }
    }
}

#[test]
fn a_silent_member_loses_its_turns_and_its_credit() {
    for (silent, report) in attacks(|_, _| Box::new(Silent)) {
        assert_honest_rise(&report, &[silent]);
        let events = explained(&report, silent);
        let standing = report.standings[&silent];
        assert!(
            standing.leading.banned_until > Height(HEIGHTS),
            "{events:#?}"
        );
        assert!(standing.credit.score <= 300, "{events:#?}");
        assert!(shares(&events).iter().all(|share| *share == 0));
        // One turn before the ban; those of heights that were open then follow.
        assert!(lost_turns(&events) <= 6, "{events:#?}");
        let late = report.blocks.iter().rev().take(40);
        assert!(
            late.clone().all(|(header, ..)| header.view.0 == 0),
            "the ban spares views"
        );
    }
}

#[test]
fn a_primary_that_misses_its_time_is_banned_and_one_just_in_time_blames_no_other() {
    for (slow, report) in attacks(|_, _| Box::new(SlowPrimary::new(12_000))) {
        assert_honest_rise(&report, &[slow]);
        assert!(lost_turns(&explained(&report, slow)) > 0);
    }
    for (slow, report) in attacks(|_, _| Box::new(SlowPrimary::new(200))) {
        assert_honest_rise(&report, &[slow]);
    }
}

#[test]
fn votes_that_one_primary_omits_are_recorded_by_the_next() {
    let reports = attacks(|setting, replica| {
        let victim = ReplicaId((replica.0 + 1) % 4);
        Box::new(Omitter::new(setting, replica, [victim]))
    });
    for (attacker, report) in reports {
        assert_honest_rise(&report, &[attacker]);
        let victim = ReplicaId((attacker.0 + 1) % 4);
        let shares = shares(&explained(&report, victim));
        assert!(shares.iter().all(|share| *share >= 990), "{shares:?}");
    }
}

#[test]
fn forged_votes_cost_their_primary_its_view_and_no_other_member_anything() {
    for (framer, report) in attacks(|setting, replica| Box::new(Framer::new(setting, replica))) {
        assert_honest_rise(&report, &[framer]);
        assert!(lost_turns(&explained(&report, framer)) > 0);
        let refused = |(_, rejected): &(ReplicaId, Rejected)| {
            matches!(rejected, Rejected::InvalidProposal { .. }) && rejected.culprits() == [framer]
        };
        assert!(report.rejected.iter().any(refused));
    }
}

#[test]
fn one_member_alone_blames_no_primary() {
    let reports = attacks(|setting, replica| Box::new(BadMouther::new(setting, replica)));
    let mut recorded = 0;
    for (attacker, report) in reports {
        assert_honest_rise(&report, &[attacker]);
        let votes = report.blocks.iter().flat_map(|(_, votes, _)| votes);
        let late = votes.filter(|vote| vote.attested == medshare_types::Attested::Late);
        recorded += late.filter(|vote| vote.signer == attacker).count();
    }
    assert!(recorded > 0, "its late votes are recorded all the same");
}

#[test]
fn commits_shown_to_one_honest_member_count_and_those_shown_to_none_do_not() {
    let reports = attacks(|setting, replica| {
        let shown = ReplicaId((replica.0 + 1) % 4);
        Box::new(CommitWithholder::new(setting, replica, [shown]))
    });
    for (attacker, report) in reports {
        assert_honest_rise(&report, &[attacker]);
        let shares = shares(&explained(&report, attacker));
        assert!(shares.iter().all(|share| *share >= 600), "{shares:?}");
    }
    let reports = attacks(|setting, replica| Box::new(CommitWithholder::new(setting, replica, [])));
    for (attacker, report) in reports {
        assert_honest_rise(&report, &[attacker]);
        let events = explained(&report, attacker);
        assert!(
            shares(&events).iter().all(|share| *share < 600),
            "{events:#?}"
        );
        assert!(report.standings[&attacker].credit.score < 500);
    }
}

#[test]
fn a_member_that_a_primary_leaves_out_keeps_its_share() {
    let reports = attacks(|_, replica| {
        let left_out = ReplicaId((replica.0 + 1) % 4);
        Box::new(LeaveOut::new([left_out]))
    });
    for (attacker, report) in reports {
        let left_out = ReplicaId((attacker.0 + 1) % 4);
        assert_honest_rise(&report, &[attacker]);
        let shares = shares(&explained(&report, left_out));
        assert!(shares.iter().all(|share| *share >= 600), "{shares:?}");
    }
}

/// Blame from before the network settled may stay; none is added.
#[test]
fn a_rough_start_beside_an_attacker_ends_with_one_record() {
    type Make = fn(&Setting, ReplicaId) -> Box<dyn Behaviour>;
    let kinds: [Make; 3] = [
        |setting, replica| Box::new(BadMouther::new(setting, replica)),
        |_, replica| Box::new(LeaveOut::new([ReplicaId((replica.0 + 1) % 4)])),
        |setting, replica| {
            let victim = ReplicaId((replica.0 + 2) % 4);
            Box::new(Omitter::new(setting, replica, [victim]))
        },
    ];
    for seed in 0..seeds(1) {
        for kind in kinds {
            let scenario = scenario(seed).with_faults(Faults::ROUGH);
            run(seed, scenario.with_byzantine(attacker(seed), kind));
        }
    }
}

/// The baseline of comparisons neither records votes nor judges seats.
#[test]
fn classic_blocks_record_no_votes_and_bar_no_seat() {
    for seed in 0..seeds(3) {
        let silent = attacker(seed);
        let scenario = scenario(seed).with_mode(Mode::Classic);
        let report = run(
            seed,
            scenario.with_byzantine(silent, |_, _| Box::new(Silent)),
        );
        assert!(report.blocks.iter().all(|(_, votes, _)| votes.is_empty()));
        for standing in report.standings.values() {
            assert_eq!(standing.credit.score, 500);
            assert_eq!(standing.leading.banned_until, Height(0));
        }
    }
}
