//! Deliberate faults of the replica, one after the other: the invariants, or a stall, tell each.
//!
//! `cargo test -p medshare-testkit --features mutants mutants`.

use medshare_consensus::{
    Authenticated, Decided, Input, Message, Mutant, Now, Payload as _, Proposal, Replica,
};
use medshare_testkit::behaviour::{
    BadSignatureVoter, Colluder, Deserter, Equivocator, Framer, Hoarder, LeaveOut, LoneSigner,
    NewViewLiar, PatientEquivocator, Silent,
};
use medshare_testkit::{
    Faults, LostDisk, Scenario, Setting, Simulation, Splits, TestPayload, Violation, swarm,
};
use medshare_types::attestation::attestations_root;
use medshare_types::header::BlockHeader;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

/// Seeds that are tried for one fault, and seeds in which the replica without it must be good.
const SEEDS: u64 = 200;
const CONTROLS: u64 = 8;

fn members(seed: u64, members: u16) -> Scenario {
    Scenario::new(seed, members)
        .unwrap_or_else(|error| panic!("{error}"))
        .with_deadline_ms(400_000)
}

fn crashing() -> Faults {
    Faults {
        drop_per_mille: 300,
        crash_per_mille: 60,
        crashes: 6,
        ..Faults::ROUGH
    }
}

/// The first primary shows a block to a member that loses its disk, and another one to all later.
/// Most votes get lost before the loss, and no message after it.
fn forgotten(seed: u64) -> Scenario {
    let (replica, victim) = (ReplicaId(1), ReplicaId(2));
    let faults = Faults {
        drop_per_mille: 600,
        ..Faults::NONE
    };
    members(seed, 4)
        .with_faults(faults)
        .with_calm_after_ms(1_080)
        .with_lost_disk(LostDisk {
            replica: victim,
            abstains: true,
            after_prepare: Some(Height(1)),
        })
        .with_byzantine(replica, |setting, replica| {
            Box::new(PatientEquivocator::new(setting, replica, victim, 18))
        })
}

/// Two of four prepare and commit another block in a view that they do not open.
fn colluding(seed: u64) -> Scenario {
    let colluders = [ReplicaId(1), ReplicaId(2)];
    colluders
        .into_iter()
        .fold(members(seed, 4), |scenario, seat| {
            scenario.with_byzantine(seat, |setting, replica| {
                Box::new(Colluder::new(setting, replica, ReplicaId(3)))
            })
        })
}

/// Seat 0 alone certifies the first block, which seat 3 holds; seats 1 and 2 commit another one in view
/// 1, whose primary is seat 2.
fn hoarding(seed: u64) -> Scenario {
    let splits = Splits {
        views: 2,
        sides: vec![0b0100, 0, 0b1000, 0],
    };
    members(seed, 4)
        .with_splits(splits)
        .with_byzantine(ReplicaId(0), |setting, replica| {
            Box::new(Hoarder::new(setting, replica))
        })
}

/// A scenario family in which a fault shows soon.
fn scenario(mutant: Mutant, seed: u64) -> Scenario {
    let attacker = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
    let next = |n: u16| ReplicaId((attacker.0 + n) % 4);
    let rough = members(seed, 4).with_faults(Faults::ROUGH);
    match mutant {
        Mutant::TwoVotesInAView | Mutant::PrepareForgotten => members(seed, 4)
            .with_faults(crashing())
            .with_byzantine(attacker, |setting, replica| {
                Box::new(Equivocator::new(setting, replica, [next(1), next(2)], true))
            }),
        Mutant::CommittedBlockLost => members(seed, 4)
            .with_faults(crashing())
            .with_byzantine(attacker, |_, _| Box::new(LeaveOut::new([next(1)]))),
        Mutant::LostMemberVotes | Mutant::AbstainsByVotesSeen | Mutant::AbstainsOneHeightLess => {
            forgotten(seed)
        }
        Mutant::CommitForgotten => members(seed, 4)
            .with_faults(crashing())
            .with_splits(split_commits()),
        Mutant::LateForGood => members(seed, 4)
            .with_wrong_clock(next(1), 60_000)
            .with_byzantine(attacker, |_, _| Box::new(Silent)),
        Mutant::ReproposalValidated => members(seed, 4)
            .with_stale_after_ms(1_500)
            .with_splits(split_commits()),
        Mutant::ViewChangesBound => members(seed, 4)
            .with_isolated(next(1))
            .with_calm_after_ms(30_000)
            .with_byzantine(attacker, |_, _| Box::new(Deserter::new(140 + seed))),
        Mutant::LowestCertificate => hoarding(seed),
        Mutant::NewViewUnproven => {
            let faults = Faults {
                drop_per_mille: 400,
                one_way_per_mille: 200,
                ..Faults::ROUGH
            };
            members(seed, 4)
                .with_faults(faults)
                .with_calm_after_ms(20_000)
                .with_byzantine(attacker, |setting, replica| {
                    Box::new(NewViewLiar::new(setting, replica))
                })
        }
        Mutant::VouchedUnproven => colluding(seed),
        Mutant::BlamesViewsToCome | Mutant::LostTurnsForgiven => members(seed, 4)
            .with_heights(30)
            .with_byzantine(attacker, |_, _| Box::new(Silent)),
        Mutant::RecordedVotesUnjudged => members(seed, 4)
            .with_heights(20)
            .with_byzantine(attacker, |setting, replica| {
                Box::new(Framer::new(setting, replica))
            }),
        Mutant::ToldBeforeSync => rough
            .with_heights(20)
            .with_byzantine(attacker, |_, _| Box::new(LeaveOut::new([next(1)]))),
        Mutant::DuplicateSigners => rough.with_byzantine(attacker, |setting, replica| {
            Box::new(LoneSigner::new(setting, replica))
        }),
        Mutant::VotesUnverified => rough.with_byzantine(attacker, |setting, replica| {
            Box::new(BadSignatureVoter::new(setting, replica))
        }),
        Mutant::ViewTimerKept => members(seed, 4).with_heights(60),
        Mutant::TimesNeverComeDown => rough.with_heights(60),
        Mutant::WaitsForClock => rough.with_clocks_ahead(Height(2), 3_600_000),
        Mutant::CandidateKept | Mutant::HeaderViewForBallot | Mutant::ViewKept => {
            rough.with_byzantine(attacker, |_, _| Box::new(Silent))
        }
        _ => members(seed, 4).with_faults(crashing()),
    }
}

/// Every commit of the first two views stays within a pair, so no block is decided there.
fn split_commits() -> Splits {
    Splits {
        views: 2,
        sides: vec![0, 0b11, 0, 0b101],
    }
}

/// What is wrong with a run; a calm one loses no view.
fn fault_of(mutant: Mutant, scenario: Scenario, heights: u64) -> Option<String> {
    let report = Simulation::new(scenario).run();
    let calm = mutant == Mutant::ViewTimerKept;
    if mutant == Mutant::VouchedUnproven {
        // One Byzantine member too many: agreement may break, with culprits.
        let mut violations = report.violations.iter();
        let unproven = |violation: &&Violation| matches!(violation, Violation::BrokenRule(fault) if fault.what.contains("without culprits"));
        return violations.find(unproven).map(|found| format!("{found:?}"));
    }
    let fault = swarm::fault_of(&report, heights);
    fault.or_else(|| (calm && report.highest_view > View(0)).then(|| "a lost view".to_owned()))
}

/// A block of another epoch, signed by all, is served. The signatures are such as no honest member
/// of the simulation makes, so no run shows it.
fn takes_other_epoch(mutant: Mutant) -> bool {
    let setting = Setting::new(4).unwrap_or_else(|error| panic!("{error}"));
    let genesis = setting.genesis();
    let payload = TestPayload(vec![1]);
    let header = BlockHeader {
        chain: setting.chain(),
        height: Height(1),
        epoch: Epoch(1),
        view: View(0),
        proposer: ReplicaId(1),
        previous: genesis.digest,
        time: genesis.time.plus_millis(1),
        transactions: payload.root(),
        attestations: attestations_root(&[]),
        executed: genesis.executed,
        next_committee: setting.committee().digest(),
    };
    let proposal = Proposal {
        header,
        payload,
        attestations: Vec::new(),
    };
    let certificate = setting.members().certify(&proposal.header, &[0, 1, 2]);
    let message = Message::Decided(Decided {
        proposal,
        certificate,
    });
    let replica = Replica::recover_mutant(setting.config(ReplicaId(0)), genesis, [], None, mutant);
    let mut replica = replica.unwrap_or_else(|error| panic!("{error}"));
    let now = Now {
        wall: setting.created(),
        monotonic_ms: 0,
    };
    let sender = ReplicaId(1);
    let input = Input::Message(Authenticated { sender, message });
    replica.handle(now, input).is_ok()
}

#[test]
fn each_is_caught() {
    let mut missed = Vec::new();
    for mutant in Mutant::ALL {
        if mutant == Mutant::OtherEpoch {
            assert!(takes_other_epoch(mutant));
            assert!(
                !takes_other_epoch(Mutant::ViewKept),
                "a block of another epoch"
            );
            continue;
        }
        let caught = (0..SEEDS).find_map(|seed| {
            let scenario = scenario(mutant, seed);
            let heights = scenario.heights();
            let fault = fault_of(mutant, scenario.with_mutant(mutant), heights);
            fault.map(|fault| (seed, fault))
        });
        match caught {
            Some((seed, fault)) => println!("{mutant:?}: seed {seed}: {fault}"),
            None => missed.push(mutant),
        }
    }
    assert_eq!(missed, [], "no run shows them");
}

/// Without the fault, the same runs are good.
#[test]
fn the_runs_that_catch_them_are_good_by_themselves() {
    for mutant in Mutant::ALL {
        for seed in 0..CONTROLS {
            let scenario = scenario(mutant, seed);
            let heights = scenario.heights();
            let fault = fault_of(mutant, scenario, heights);
            assert_eq!(fault, None, "runs for {mutant:?}, seed {seed}");
        }
    }
}
