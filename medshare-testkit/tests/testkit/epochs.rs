//! Epochs change in whole runs: committees and keys follow the chain at every member.
//!
//! `SEEDS=n cargo test --release -p medshare-testkit epochs` runs n seeds of each.

use medshare_consensus::ChainFact;
use medshare_consensus::credit::EpochRule;
use medshare_testkit::behaviour::{CommitWithholder, Equivocator, Silent};
use medshare_testkit::checker::{Role, RunLog, Standing};
use medshare_testkit::{Faults, Report, Scenario, Simulation};
use medshare_types::id::{Epoch, Height, ReplicaId};
use medshare_types::wire::Wire as _;

/// As short as four members allow: f + 9 + 2n.
const RULE: EpochRule = EpochRule {
    heights: 18,
    min_ms: 0,
};

fn seeds(default: u64) -> u64 {
    std::env::var("SEEDS").map_or(default, |seeds| {
        let parsed = seeds.parse();
        parsed.unwrap_or_else(|error| panic!("SEEDS={seeds}: {error}"))
    })
}

fn scenario(seed: u64, heights: u64) -> Scenario {
    let scenario = Scenario::new(seed, 4).unwrap_or_else(|error| panic!("{error}"));
    scenario
        .with_heights(heights)
        .with_deadline_ms(600_000)
        .with_epochs(RULE)
}

fn run(seed: u64, scenario: Scenario) -> Report {
    let heights = scenario.heights();
    let report = Simulation::new(scenario).run();
    assert_eq!(report.violations, [], "seed {seed}");
    assert_eq!(report.common_height(), Height(heights), "seed {seed}");
    report
}

/// With one candidate. Links reorder blocks that are served: a follower keeps up by asking often.
fn with_candidate(scenario: Scenario) -> Scenario {
    let scenario = scenario.with_candidates(1);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    scenario.with_resend_ms(20)
}

fn run_log(report: &Report) -> RunLog {
    RunLog::from_wire(&report.log).unwrap_or_else(|error| panic!("{error}"))
}

/// What an organisation is after a block, as the first honest member has it.
fn standing(log: &RunLog, height: u64, member: ReplicaId) -> Standing {
    let mut rows = log.members[0].standings.iter();
    let row = rows.rfind(|row| row.height == Height(height));
    let row = row.unwrap_or_else(|| panic!("nothing of height {height}"));
    row.of[usize::from(member.0)]
}

/// The member proposes none of the blocks after the first `blocks`.
fn leads_no_more(report: &Report, member: ReplicaId, blocks: usize) -> bool {
    !report.proposers[blocks..].contains(&member)
}

fn epochs(report: &Report) -> Vec<Epoch> {
    report
        .blocks
        .iter()
        .map(|(header, ..)| header.epoch)
        .collect()
}

#[test]
fn every_member_changes_its_key_with_each_epoch() {
    for seed in 0..seeds(3) {
        let report = run(seed, scenario(seed, 60));
        let epochs = epochs(&report);
        assert_eq!(epochs[..18], [Epoch(0); 18]);
        assert_eq!(epochs[18..36], [Epoch(1); 18]);
        assert_eq!(epochs[59], Epoch(3));
        let committees: Vec<_> = [17, 35, 53]
            .map(|last| report.blocks[last].0.next_committee)
            .to_vec();
        assert!(committees.windows(2).all(|pair| pair[0] != pair[1]));
    }
}

#[test]
fn epochs_change_under_crashes_partitions_and_loss() {
    for seed in 0..seeds(20) {
        let scenario = scenario(seed, 45)
            .with_faults(Faults::ROUGH)
            .with_calm_after_ms(20_000);
        run(seed, scenario);
    }
}

#[test]
fn a_silent_member_and_an_equivocator_stop_no_epoch() {
    for seed in 0..seeds(5) {
        let replica = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
        let silent = scenario(seed, 45).with_byzantine(replica, |_, _| Box::new(Silent));
        run(seed, silent);
        let equivocates = scenario(seed, 45).with_byzantine(replica, |setting, replica| {
            let deceived = setting.committee().replicas().filter(|id| *id != replica);
            Box::new(Equivocator::new(setting, replica, deceived.take(1), true))
        });
        run(seed, equivocates);
    }
}

/// Candidates follow the chain without a seat.
#[test]
fn organisations_without_a_seat_have_every_block() {
    for seed in 0..seeds(3) {
        let scenario = scenario(seed, 45).with_candidates(2);
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let report = run(seed, scenario);
        assert_eq!(report.heights.len(), 6);
    }
}

/// Bad epochs of one member; the last costs its seat, and a candidate takes it.
#[test]
fn a_member_that_withholds_its_votes_loses_its_seat_to_a_candidate() {
    for seed in 0..seeds(2) {
        let replica = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
        let scenario = with_candidate(scenario(seed, 280))
            .with_epochs(EpochRule {
                heights: 80,
                min_ms: 0,
            })
            .with_byzantine(replica, |setting, replica| {
                Box::new(CommitWithholder::new(setting, replica, []))
            });
        let report = run(seed, scenario);
        let log = run_log(&report);
        let standings = &log.members[0].standings;
        let roles = |member: ReplicaId| -> Vec<Role> {
            let of = standings
                .iter()
                .map(|row| row.of[usize::from(member.0)].role);
            let mut roles: Vec<_> = of.collect();
            roles.dedup();
            roles
        };
        assert_eq!(roles(replica), [Role::Consensus, Role::Demoted], "{seed}");
        let newcomer = roles(ReplicaId(4));
        let rises = [
            Role::Candidate,
            Role::Ready,
            Role::Probation,
            Role::Consensus,
        ];
        assert_eq!(newcomer, rises, "{seed}");
        assert!(report.proposers.contains(&ReplicaId(4)), "{seed}");
    }
}

/// An equivocator is convicted by its signatures: it leads no more, its seat is a candidate's after the
/// epoch, and statistics have no part in it.
#[test]
fn an_equivocator_is_evicted_with_the_epoch_and_a_candidate_sits() {
    for seed in 0..seeds(2) {
        let replica = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
        let scenario = with_candidate(scenario(seed, 60))
            .with_proofs_on_chain()
            .with_byzantine(replica, |setting, replica| {
                let deceived = setting.committee().replicas().filter(|id| *id != replica);
                Box::new(Equivocator::new(setting, replica, deceived.take(1), true))
            });
        let report = run(seed, scenario);
        let told = report
            .blocks
            .iter()
            .position(|(.., facts)| facts.contains(&ChainFact::Proven { replica }));
        let told = told.unwrap_or_else(|| panic!("seed {seed}: no proof on the chain"));
        assert!(told < 18, "seed {seed}");
        // What a block tells counts from the height after the next.
        assert!(leads_no_more(&report, replica, told + 2), "{seed}");
        let log = run_log(&report);
        let evicted = standing(&log, 18, replica);
        assert_eq!((evicted.role, evicted.score), (Role::Evicted, 0));
        let newcomer = |height| standing(&log, height, ReplicaId(4)).role;
        assert_eq!(newcomer(18), Role::Probation, "{seed}");
        assert_eq!(newcomer(36), Role::Consensus, "{seed}");
        assert!(report.proposers.contains(&ReplicaId(4)), "{seed}");
    }
}

/// It votes until the epoch ends, then follows without a seat.
#[test]
fn an_organisation_that_leaves_gives_its_seat_to_a_candidate() {
    for seed in 0..seeds(2) {
        let replica = ReplicaId(u16::try_from(seed % 4).unwrap_or_default());
        let scenario = with_candidate(scenario(seed, 60)).with_departure(Height(5), replica);
        let report = run(seed, scenario);
        let log = run_log(&report);
        let role = |height, member| standing(&log, height, member).role;
        assert!(matches!(
            role(17, replica),
            Role::Consensus | Role::Observed
        ));
        assert_eq!(role(18, replica), Role::Departed, "seed {seed}");
        assert_eq!(role(18, ReplicaId(4)), Role::Probation, "seed {seed}");
        assert_eq!(role(36, ReplicaId(4)), Role::Consensus, "seed {seed}");
        assert!(leads_no_more(&report, replica, 18), "{seed}");
    }
}
