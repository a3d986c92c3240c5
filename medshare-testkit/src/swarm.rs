//! Scenarios drawn from a seed: committee, faults, incidents and Byzantine members together.

use medshare_consensus::credit::EpochRule;
use medshare_types::id::{Height, ReplicaId};
use medshare_types::wire::DecodeError;

use crate::behaviour::{
    BadMouther, BadSignatureVoter, Behaviour, Colluder, CommitWithholder, Deserter, Equivocator,
    FarVoter, Flooder, Forger, Forgetter, Framer, FutureTimePrimary, Hoarder,
    InvalidPayloadPrimary, LeaveOut, LoneSigner, NewViewLiar, OldVoter, Omitter,
    PatientEquivocator, Replayer, Restless, SelectiveSender, Silent, SlowPrimary, StatusLiar, Twin,
    VoteWithholder, WrongRootsPrimary,
};
use crate::report::Report;
use crate::scenario::{Faults, LostDisk, Scenario};
use crate::setting::Setting;
use crate::sim_rng::SimRng;
use crate::simulation::Simulation;

/// Number of behaviours that [`behaviour`] makes.
pub const BEHAVIOURS: u64 = 31;

/// Longer than the times of all views that faults can cost, milliseconds.
const DEADLINE_MS: u64 = 900_000;

/// Draws a scenario in which honest members must agree and go on.
///
/// # Errors
/// Never: every size drawn is a committee's.
pub fn scenario(seed: u64) -> Result<Scenario, DecodeError> {
    let mut rng = SimRng::new(seed ^ 0x5ca1_ab1e_0000_0000);
    let members = [4, 4, 4, 4, 4, 4, 5, 6, 7, 7, 7, 10][rng.index(12)];
    let mut scenario = Scenario::cheap(seed, members)?
        .with_heights(rng.between(4, 10))
        .with_deadline_ms(DEADLINE_MS)
        .with_faults(faults(&mut rng));
    // Before the behaviours, which sign for the chain.
    if rng.chance(80) {
        scenario = with_epochs(scenario, members, &mut rng)?;
    }
    let mut faulty = (members - 1) / 3;
    if rng.chance(200) {
        let replica = ReplicaId(small(rng.below(members.into())));
        scenario = scenario.with_lost_disk(LostDisk {
            replica,
            abstains: true,
            after_prepare: None,
        });
        faulty -= 1;
    }
    let first = rng.below(members.into());
    for nth in 0..faulty {
        if rng.chance(700) {
            let replica = ReplicaId(small((first + u64::from(nth)) % u64::from(members)));
            let kind = rng.below(BEHAVIOURS);
            scenario = scenario.with_byzantine(replica, |setting, replica| {
                behaviour(kind, setting, replica, &mut rng)
            });
        }
    }
    Ok(with_incidents(scenario, &mut rng))
}

/// One or two changes of committee and keys, with organisations that wait for a seat.
fn with_epochs(
    scenario: Scenario,
    members: u16,
    rng: &mut SimRng,
) -> Result<Scenario, DecodeError> {
    // f + 9 + 2n, the least of this committee.
    let least = u64::from((members - 1) / 3 + 9 + 2 * members);
    let heights = rng.between(least + 1, 2 * least + 4);
    let scenario = scenario.with_candidates(small(rng.below(3)))?;
    Ok(scenario
        .with_epochs(EpochRule {
            heights: least,
            min_ms: 0,
        })
        .with_heights(heights)
        .with_proofs_on_chain())
}

/// One Byzantine member of four in a seat of the seed's choice, and rough faults.
///
/// # Errors
/// Never: four members are a committee.
pub fn attacked_by(kind: u64, seed: u64) -> Result<Scenario, DecodeError> {
    let mut rng = SimRng::new(seed);
    let replica = ReplicaId(small(seed % 4));
    let scenario = Scenario::cheap(seed, 4)?
        .with_deadline_ms(DEADLINE_MS)
        .with_faults(Faults::ROUGH);
    Ok(scenario.with_byzantine(replica, |setting, replica| {
        behaviour(kind, setting, replica, &mut rng)
    }))
}

fn faults(rng: &mut SimRng) -> Faults {
    let mut faults = Faults::NONE;
    let mut either = |field: &mut u64, most: u64| {
        if rng.chance(600) {
            *field = rng.between(1, most);
        }
    };
    either(&mut faults.drop_per_mille, 300);
    either(&mut faults.duplicate_per_mille, 200);
    either(&mut faults.delay_ms, 150);
    either(&mut faults.crash_per_mille, 40);
    either(&mut faults.spurious_per_mille, 80);
    either(&mut faults.skew_ms, 240);
    either(&mut faults.partition_per_mille, 500);
    either(&mut faults.one_way_per_mille, 150);
    either(&mut faults.work_ms, 120);
    faults.crashes = 4;
    faults.down_ms = 700;
    faults
}

fn with_incidents(mut scenario: Scenario, rng: &mut SimRng) -> Scenario {
    let height = Height(rng.between(1, 4));
    if rng.chance(100) {
        scenario = scenario.with_blackout(height, rng.between(100, 12_000));
    }
    if rng.chance(100) {
        scenario = scenario.with_clocks_ahead(height, rng.between(1_000, 3_600_000));
    }
    if rng.chance(100) {
        let members = scenario.setting().committee().members().len() as u64;
        let replica = ReplicaId(small(rng.below(members)));
        scenario = scenario
            .with_isolated(replica)
            .with_calm_after_ms(rng.between(1_000, 20_000));
    }
    if rng.chance(100) {
        scenario = scenario.with_stale_after_ms(rng.between(1_500, 6_000));
    }
    scenario
}

/// A Byzantine behaviour, by its number below [`BEHAVIOURS`].
#[must_use]
pub fn behaviour(
    kind: u64,
    setting: &Setting,
    replica: ReplicaId,
    rng: &mut SimRng,
) -> Box<dyn Behaviour> {
    let members = setting.committee().members().len() as u64;
    let after = |n: u64| ReplicaId(small((u64::from(replica.0) + n) % members));
    let faulty = (members - 1) / 3;
    match kind {
        0 => Box::new(BadSignatureVoter::new(setting, replica)),
        1 => Box::new(Equivocator::new(setting, replica, [after(1)], true)),
        2 => {
            let deceived = (1..=faulty).map(after);
            Box::new(Equivocator::new(setting, replica, deceived, false))
        }
        3 => Box::new(Equivocator::new(
            setting,
            replica,
            [after(1), after(2)],
            false,
        )),
        4 => Box::new(FarVoter::new(setting, replica)),
        5 => Box::new(Forger::new(setting, replica)),
        6 => Box::new(Forgetter::new(setting, replica)),
        7 => Box::new(FutureTimePrimary::new(setting, replica, 600_000)),
        8 => {
            let ahead_ms = rng.between(1, 700);
            Box::new(FutureTimePrimary::new(setting, replica, ahead_ms))
        }
        9 => Box::new(InvalidPayloadPrimary::new(setting, replica)),
        10 => Box::new(LeaveOut::new((1..=faulty).map(after))),
        11 => Box::new(LoneSigner::new(setting, replica)),
        12 => Box::new(NewViewLiar::new(setting, replica)),
        13 => Box::<OldVoter>::default(),
        14 => Box::<Replayer>::default(),
        15 => Box::new(Restless::new(setting, replica)),
        16 => Box::new(SelectiveSender),
        17 => Box::new(Silent),
        18 => Box::new(SlowPrimary::new(rng.between(200, 2_500))),
        19 => Box::new(StatusLiar),
        20 => Box::new(VoteWithholder),
        21 => Box::new(WrongRootsPrimary::new(setting, replica)),
        22 => Box::new(Deserter::new(rng.between(10, 200))),
        23 => Box::new(PatientEquivocator::new(setting, replica, after(1), 18)),
        24 => Box::new(BadMouther::new(setting, replica)),
        25 => Box::new(CommitWithholder::new(setting, replica, [after(1)])),
        26 => Box::new(Framer::new(setting, replica)),
        27 => Box::new(Omitter::new(setting, replica, [after(1)])),
        28 => Box::new(Colluder::new(setting, replica, after(1))),
        29 => Box::new(Hoarder::new(setting, replica)),
        30 => Box::new(Flooder::new(setting, replica)),
        _ => Box::new(Twin),
    }
}

/// What is wrong with the outcome of a scenario; `None` where honest members agreed and went on.
#[must_use]
pub fn fault_of(report: &Report, heights: u64) -> Option<String> {
    if let Some(violation) = report.violations.first() {
        return Some(format!("{violation:?}"));
    }
    let reached = report.common_height();
    (reached.0 < heights).then(|| format!("stalls at height {reached} of {heights}"))
}

/// Runs a scenario; `Some` says what is wrong with it.
#[must_use]
pub fn run(scenario: Scenario) -> (Report, Option<String>) {
    let heights = scenario.heights;
    let report = Simulation::new(scenario).run();
    let fault = fault_of(&report, heights);
    (report, fault)
}

/// A number below that of the seats.
fn small(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
