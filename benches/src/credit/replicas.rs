//! The same attacks on full replicas, and the model beside them on the heights that they decided.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use medshare_consensus::ChainFact;
use medshare_consensus::credit::{Conversion, EpochRule, HeightFacts};
use medshare_testkit::behaviour::{
    BadMouther, Behaviour, CommitWithholder, Equivocator, Laggard, OnOff, Silent, SlowPrimary,
};
use medshare_testkit::checker::{RunLog, Standing};
use medshare_testkit::{Report, Scenario, Simulation};
use medshare_types::attestation::Attestation;
use medshare_types::header::BlockHeader;
use medshare_types::id::ReplicaId;
use medshare_types::wire::Wire as _;

use super::attack::{Attack, PERIODS};
use super::ledger::{Decided, Ledger};
use super::world::{Outcome, Setting};

/// Blocks come every 30 ms or so, and heights take votes for two seconds: about half of an epoch is
/// measured.
const RULE: EpochRule = EpochRule {
    heights: 160,
    min_ms: 0,
};
/// A delay beside which that of the others, 10 ms at most, is short, milliseconds.
const LAG_MS: u64 = 60;
/// Past half of the shortest view, within the whole, milliseconds.
const SLOW_MS: u64 = 200;

/// The epochs of one run. An error where the replicas break a rule, stall, or hold another credit or
/// role than the model comes to.
pub(crate) fn run(
    setting: Setting,
    attack: Option<Attack>,
    seed: u64,
    epochs: usize,
) -> anyhow::Result<Vec<Outcome>> {
    let liars: BTreeSet<_> = match attack {
        Some(_) => (0..setting.byzantine).map(ReplicaId).collect(),
        None => BTreeSet::new(),
    };
    let report = Simulation::new(scenario(setting, attack, &liars, seed, epochs)?).run();
    let name = attack.map_or("none", Attack::name);
    let what = format!("{name}, seed {seed}");
    ensure!(
        report.violations.is_empty(),
        "{what}: {:?}",
        report.violations
    );
    let heights = RULE.heights * epochs as u64;
    ensure!(
        report.blocks.len() as u64 >= heights,
        "{what}: {} of {heights} heights decided",
        report.blocks.len()
    );
    compare(setting, &report, &liars).with_context(|| what)
}

fn scenario(
    setting: Setting,
    attack: Option<Attack>,
    liars: &BTreeSet<ReplicaId>,
    seed: u64,
    epochs: usize,
) -> anyhow::Result<Scenario> {
    let heights = RULE.heights * epochs as u64;
    let scenario = Scenario::new(seed, setting.seats)?
        .with_candidates(setting.pool - setting.seats)?
        .with_epochs(RULE)
        .with_heights(heights)
        .with_deadline_ms(heights * 10_000)
        // Links reorder blocks that are served: a follower keeps up by asking often.
        .with_resend_ms(20)
        .with_proofs_on_chain();
    let slow = ReplicaId(setting.byzantine);
    let scenario = match attack {
        Some(Attack::Grief) => scenario.with_byzantine(slow, |_, _| Box::new(Laggard::new(LAG_MS))),
        _ => scenario,
    };
    Ok(liars.iter().fold(scenario, |scenario, liar| match attack {
        Some(attack) => scenario.with_byzantine(*liar, |setting, liar| {
            behaviour(attack, setting, liar, liars)
        }),
        None => scenario,
    }))
}

fn behaviour(
    attack: Attack,
    setting: &medshare_testkit::Setting,
    liar: ReplicaId,
    liars: &BTreeSet<ReplicaId>,
) -> Box<dyn Behaviour> {
    let withholds = || CommitWithholder::new(setting, liar, []);
    match attack {
        Attack::Crash => Box::new(Silent),
        Attack::Withhold => Box::new(withholds()),
        Attack::Equivocate => {
            let honest = setting.committee().replicas();
            let honest = honest.filter(|id| !liars.contains(id));
            Box::new(Equivocator::new(setting, liar, honest.take(1), true))
        }
        Attack::OnOff => {
            let period = PERIODS[usize::from(liar.0) % PERIODS.len()];
            Box::new(OnOff::new(Box::new(withholds()), period))
        }
        Attack::Grief => Box::new(BadMouther::new(setting, liar)),
        Attack::Selective => Box::new(CommitWithholder::new(setting, liar, liars.iter().copied())),
        Attack::Slow => Box::new(SlowPrimary::new(SLOW_MS)),
        // No more than f sit, so it behaves.
        Attack::Sleeper => Box::new(Laggard::new(0)),
    }
}

/// Feeds the model with the decided blocks, and compares it with what a replica held at each height.
fn compare(
    setting: Setting,
    report: &Report,
    liars: &BTreeSet<ReplicaId>,
) -> anyhow::Result<Vec<Outcome>> {
    let log = RunLog::from_wire(&report.log)?;
    let member = log.members.iter().max_by_key(|of| of.decisions.len());
    let member = member.context("no honest member")?;
    let mut held = member
        .standings
        .iter()
        .filter(|row| row.executed)
        .peekable();
    let mut ledger = Ledger::new(RULE, setting.pool, setting.seats);
    let mut epochs = Epochs::default();
    for (header, votes, facts) in &report.blocks {
        let share = share_of(liars, &ledger);
        let end = add(&mut ledger, header, votes, facts);
        if let Some(end) = end {
            epochs.end(header, Outcome::of(&end, share, liars));
        }
        while let Some(row) = held.next_if(|row| row.height <= header.height) {
            if row.height < header.height {
                continue;
            }
            let model: Vec<_> = ledger.records.values().map(Standing::from).collect();
            ensure!(
                model == row.of,
                "height {}: the replica holds {:?}, the model comes to {model:?}",
                row.height,
                row.of
            );
        }
    }
    ensure!(
        held.peek().is_none() && member.standings.len() > report.blocks.len(),
        "the log does not tell every height"
    );
    Ok(epochs.done)
}

fn add(
    ledger: &mut Ledger,
    header: &BlockHeader,
    votes: &[Attestation],
    facts: &[ChainFact],
) -> Option<Conversion> {
    ledger.record(votes);
    let decided = Decided {
        facts: HeightFacts {
            height: header.height,
            proposer: header.proposer,
            view: header.view,
            commits: BTreeMap::new(),
            late: BTreeMap::new(),
        },
        time_ms: header.time.as_millis(),
    };
    let end = ledger.add(decided);
    ledger.learn(facts);
    end
}

fn share_of(liars: &BTreeSet<ReplicaId>, ledger: &Ledger) -> f64 {
    let seats = ledger.seats();
    seats.intersection(liars).count() as f64 / seats.len() as f64
}

/// Epochs that are over. `throughput` is blocks a second of block time.
#[derive(Default)]
struct Epochs {
    done: Vec<Outcome>,
    begun_ms: Option<u64>,
    blocks: u64,
}

impl Epochs {
    fn end(&mut self, last: &BlockHeader, outcome: Outcome) {
        let now_ms = last.time.as_millis();
        let blocks = last.height.0 - self.blocks;
        // The first epoch has no block before it.
        let begun_ms = self.begun_ms.replace(now_ms);
        let lasted_ms = begun_ms.map_or(f64::NAN, |begun_ms| (now_ms - begun_ms) as f64);
        self.blocks = last.height.0;
        self.done.push(Outcome {
            throughput: blocks as f64 * 1000.0 / lasted_ms,
            ..outcome
        });
    }
}
