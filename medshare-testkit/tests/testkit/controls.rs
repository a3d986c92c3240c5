//! Controls: where the assumptions do not hold, the invariants must report it.

use std::collections::BTreeSet;

use medshare_consensus::{Decided, Evidence, LogRecord, Message, Offence, Payload, Proposal, Vote};
use medshare_testkit::behaviour::{Colluder, Equivocator};
use medshare_testkit::{
    DiskKind, Faults, Invariants, Report, Scenario, Setting, Simulation, TestPayload, Violation,
    twins,
};
use medshare_types::attestation::attestations_root;
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::header::BlockHeader;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

fn scenario(seed: u64) -> Scenario {
    Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"))
}

fn disagrees(report: &Report) -> bool {
    let disagreement = |found: &Violation| matches!(found, Violation::Disagreement { .. });
    report.violations.iter().any(disagreement)
}

/// True where two members of four are proven guilty by what honest ones wrote, and no honest one.
fn is_proven(report: &Report, byzantine: [ReplicaId; 2]) -> bool {
    report.culprits == BTreeSet::from(byzantine)
}

#[test]
fn f_plus_1_equivocators_break_agreement_and_are_proven() {
    let mut broken = 0;
    for seed in 0..40 {
        let deceived = [ReplicaId(2)];
        let mut scenario = scenario(seed);
        let equivocators = [ReplicaId(0), ReplicaId(3)];
        for equivocator in equivocators {
            scenario = scenario.with_byzantine(equivocator, |setting, replica| {
                Box::new(Equivocator::new(setting, replica, deceived, false))
            });
        }
        let report = Simulation::new(scenario).run();
        if disagrees(&report) {
            broken += 1;
            assert!(is_proven(&report, equivocators), "{:?}", report.culprits);
        }
    }
    // In the other runs the deceived member is served the first block before it decides the second.
    assert!(broken > 4, "agreement broke in {broken} of 40 runs");
}

/// Line 16: without the proof of the view their prepares make no honest member prepare.
#[test]
fn f_plus_1_members_that_prepare_in_a_view_without_opening_it_decide_nothing() {
    for seed in 0..40 {
        let mut scenario = scenario(seed);
        for colluder in [ReplicaId(1), ReplicaId(2)] {
            scenario = scenario.with_byzantine(colluder, |setting, replica| {
                Box::new(Colluder::new(setting, replica, ReplicaId(3)))
            });
        }
        let report = Simulation::new(scenario).run();
        assert!(!disagrees(&report), "seed {seed}");
    }
}

/// Every replica follows the protocol, and two seats have two of them.
#[test]
fn two_pairs_of_twins_break_agreement_and_are_proven() {
    let (mut broken, mut later) = (0, 0);
    for number in 0..400 {
        let (scenario, seats) = twins::two_pairs(number, 2);
        let report = Simulation::new(scenario.unwrap_or_else(|error| panic!("{error}"))).run();
        if disagrees(&report) {
            broken += 1;
            later += usize::from(report.highest_view > View(0));
            assert!(is_proven(&report, seats), "{number}: {:?}", report.culprits);
        }
    }
    assert!(broken > 20, "agreement broke in {broken} of 400 runs");
    assert!(later > 10, "{later} times after a lost view");
}

fn violations_with(disk: DiskKind) -> Vec<Violation> {
    let run = |seed| {
        let scenario = scenario(seed).with_faults(Faults::ROUGH).with_disk(disk);
        Simulation::new(scenario).run()
    };
    (0..40).flat_map(|seed| run(seed).violations).collect()
}

#[test]
fn a_disk_that_forgets_makes_members_vote_twice() {
    let found = violations_with(DiskKind::Forgetful);
    let twice = |v: &Violation| matches!(v, Violation::TwoVotes { .. });
    assert!(found.iter().any(twice), "{found:?}");
}

#[test]
fn a_node_that_reports_too_early_is_caught() {
    let found = violations_with(DiskKind::Hasty);
    let early = |v: &Violation| matches!(v, Violation::NotDurable { .. });
    assert!(found.iter().any(early), "{found:?}");
}

fn setting() -> Setting {
    Setting::new(4).unwrap_or_else(|error| panic!("{error}"))
}

fn block(setting: &Setting) -> Proposal<TestPayload> {
    let genesis = setting.genesis();
    let payload = TestPayload(vec![1]);
    let header = BlockHeader {
        chain: setting.chain(),
        height: Height(1),
        epoch: Epoch(0),
        view: View(0),
        proposer: ReplicaId(0),
        previous: genesis.digest,
        time: genesis.time.plus_millis(1),
        transactions: payload.root(),
        attestations: attestations_root(&[]),
        executed: genesis.executed,
        next_committee: setting.committee().digest(),
    };
    Proposal {
        header,
        payload,
        attestations: Vec::new(),
    }
}

fn vote(setting: &Setting, signer: u16, phase: Phase, block: &Proposal<TestPayload>) -> Vote {
    let key = setting.key(ReplicaId(signer));
    Vote::sign(&setting.chain(), block.ballot_in(View(0)), phase, key)
}

fn decided(
    setting: &Setting,
    block: &Proposal<TestPayload>,
    signers: &[u16],
) -> Decided<TestPayload> {
    let votes = signers.iter();
    let votes = votes.map(|&n| {
        (
            ReplicaId(n),
            vote(setting, n, Phase::Commit, block).signature,
        )
    });
    Decided {
        proposal: block.clone(),
        certificate: CommitCertificate {
            ballot: block.ballot_in(View(0)),
            votes: votes.collect(),
        },
    }
}

/// Violations when member 1 commits `decided`.
fn watched(setting: &Setting, decided: &Decided<TestPayload>) -> Vec<Violation> {
    let mut invariants = Invariants::new(setting.clone(), [ReplicaId(3)].into());
    invariants.committed(ReplicaId(1), decided);
    invariants.violations().to_vec()
}

#[test]
fn the_invariants_tell_a_good_block_from_a_bad_one() {
    let setting = setting();
    let good = block(&setting);
    let member = ReplicaId(1);
    assert_eq!(watched(&setting, &decided(&setting, &good, &[0, 1, 2])), []);

    let broken = |change: &dyn Fn(&mut Proposal<TestPayload>), what| {
        let mut block = good.clone();
        change(&mut block);
        let expected = Violation::BrokenChain {
            member,
            height: block.header.height,
            what,
        };
        let found = watched(&setting, &decided(&setting, &block, &[0, 1, 2]));
        assert_eq!(found, [expected]);
    };
    broken(&|b| b.payload.0.push(2), "payload");
    broken(&|b| b.header.executed.state = b.header.previous, "roots");
    broken(
        &|b| b.header.height = Height(2),
        "heights are not consecutive",
    );
}

#[test]
fn the_invariants_notice_early_messages_double_votes_and_false_evidence() {
    let setting = setting();
    let one = block(&setting);
    let member = ReplicaId(1);
    let height = Height(1);
    let mut two = one.clone();
    two.header.time = two.header.time.plus_millis(1);
    let mut invariants = Invariants::new(setting.clone(), [ReplicaId(3)].into());
    for block in [&one, &two] {
        let vote = vote(&setting, 1, Phase::Prepare, block);
        invariants.sent(member, &Message::Prepare(vote));
    }
    let prepared = LogRecord::Prepared {
        opening: None,
        vote: vote(&setting, 1, Phase::Prepare, &one),
        proposal: one.clone(),
    };
    invariants.written(member, &prepared);
    invariants.committed(member, &decided(&setting, &one, &[0, 1, 2]));
    let early = Violation::NotDurable { member, height };
    let twice = Violation::TwoVotes { member, height };
    assert_eq!(
        invariants.violations(),
        [early.clone(), twice, early.clone(), early]
    );

    let expose =
        |culprit: ReplicaId, first: &Proposal<TestPayload>, second: &Proposal<TestPayload>| {
            let mut invariants = Invariants::new(setting.clone(), [ReplicaId(3)].into());
            invariants.exposed(&Evidence {
                culprit,
                offence: Offence::TwoVotes {
                    phase: Phase::Commit,
                    first: vote(&setting, 3, Phase::Commit, first),
                    second: vote(&setting, 3, Phase::Commit, second),
                },
            });
            invariants.violations().to_vec()
        };
    assert_eq!(expose(ReplicaId(3), &one, &two), []);
    for (culprit, second) in [(ReplicaId(1), &two), (ReplicaId(3), &one)] {
        let expected = Violation::FalseEvidence { culprit };
        assert_eq!(expose(culprit, &one, second), [expected]);
    }
}
