//! At most f Byzantine members: honest members agree, and go on where the specification promises.

use medshare_consensus::{ProposalFault, Rejected};
use medshare_testkit::behaviour::{
    BadSignatureVoter, Equivocator, Forger, FutureTimePrimary, Replayer, WrongRootsPrimary,
};
use medshare_testkit::{Behaviour, Faults, Report, Scenario, Setting, Simulation};
use medshare_types::id::{Height, ReplicaId};

const HEIGHTS: u64 = 5;
/// Proposes at the second height, and at each fourth from there on.
const PRIMARY: ReplicaId = ReplicaId(2);

fn with_one(
    seed: u64,
    replica: ReplicaId,
    behaviour: impl FnOnce(&Setting, ReplicaId) -> Box<dyn Behaviour>,
) -> Report {
    with_one_for(HEIGHTS, seed, replica, behaviour)
}

fn with_one_for(
    heights: u64,
    seed: u64,
    replica: ReplicaId,
    behaviour: impl FnOnce(&Setting, ReplicaId) -> Box<dyn Behaviour>,
) -> Report {
    let scenario = Scenario::new(seed, 4)
        .unwrap_or_else(|error| panic!("{error}"))
        .with_heights(heights)
        .with_faults(Faults::ROUGH)
        .with_deadline_ms(8_000 * heights)
        .with_byzantine(replica, behaviour);
    let report = Simulation::new(scenario).run();
    assert_eq!(report.violations, [], "seed {seed}");
    report
}

#[test]
fn bad_signatures_cost_a_check_and_nothing_else() {
    // Votes that no quorum needs are never verified: over enough heights some are.
    let heights = 3 * HEIGHTS;
    let sender = ReplicaId(1);
    for seed in 0..40 {
        let report = with_one_for(heights, seed, sender, |setting, replica| {
            Box::new(BadSignatureVoter::new(setting, replica))
        });
        assert_eq!(report.common_height(), Height(heights), "seed {seed}");
        let noticed =
            |(_, rejected): &(_, Rejected)| *rejected == Rejected::BadSignature { sender };
        assert!(report.rejected.iter().any(noticed), "seed {seed}");
        assert_eq!(report.evidence, [], "a bad signature proves nothing");
    }
}

#[test]
fn forged_certificates_are_refused() {
    let sender = ReplicaId(3);
    for seed in 0..20 {
        let report = with_one(seed, sender, |setting, replica| {
            Box::new(Forger::new(setting, replica))
        });
        assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
        let noticed = |(_, rejected): &(_, Rejected)| {
            matches!(rejected, Rejected::InvalidCertificate { .. })
                && rejected.culprits() == [sender]
        };
        assert!(report.rejected.iter().any(noticed), "seed {seed}");
    }
}

#[test]
fn old_and_foreign_messages_change_nothing() {
    for seed in 0..40 {
        for replica in [PRIMARY, ReplicaId(3)] {
            let report = with_one(seed, replica, |_, _| Box::<Replayer>::default());
            assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
        }
    }
}

#[test]
fn a_primary_with_two_blocks_splits_no_members_and_is_exposed() {
    let mut exposed = 0;
    for seed in 0..40 {
        let report = with_one(seed, PRIMARY, |setting, replica| {
            Box::new(Equivocator::new(setting, replica, [ReplicaId(1)], true))
        });
        for evidence in &report.evidence {
            assert_eq!(evidence.culprit, PRIMARY, "seed {seed}");
        }
        exposed += usize::from(!report.evidence.is_empty());
    }
    assert!(exposed > 20, "exposed in {exposed} of 40 runs");
}

#[test]
fn a_primary_that_sends_one_member_only_the_second_block_splits_no_members() {
    for seed in 0..40 {
        let report = with_one(seed, PRIMARY, |setting, replica| {
            Box::new(Equivocator::new(setting, replica, [ReplicaId(1)], false))
        });
        assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
    }
}

#[test]
fn a_primary_with_wrong_roots_costs_one_view() {
    let named = Rejected::InvalidProposal {
        proposer: PRIMARY,
        fault: ProposalFault::WrongRoots,
    };
    for seed in 0..10 {
        let report = with_one(seed, PRIMARY, |setting, replica| {
            Box::new(WrongRootsPrimary::new(setting, replica))
        });
        assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
        assert!(report.rejected.iter().any(|(_, r)| *r == named));
    }
}

#[test]
fn a_primary_ahead_of_time_costs_one_view() {
    for seed in 0..10 {
        let report = with_one(seed, PRIMARY, |setting, replica| {
            Box::new(FutureTimePrimary::new(setting, replica, 600_000))
        });
        assert_eq!(report.common_height(), Height(HEIGHTS), "seed {seed}");
        let untimely = |(_, r): &(_, _)| matches!(r, Rejected::Untimely { .. });
        assert!(report.rejected.iter().any(untimely), "seed {seed}");
    }
}
