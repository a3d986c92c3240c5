//! Random registrations and reports over epochs, against a second implementation in plain integers.

use std::collections::{BTreeMap, BTreeSet};

use medshare_contract::keys;
use medshare_contract::state::{MisbehaviourState, VotingKeyState};
use medshare_types::{Denial, Epoch, Outcome};
use proptest::prelude::*;

use crate::fixture::{Actor, Fixture};
use crate::misbehaviour::{proven, report};
use crate::voting::{possession, register, voter};

const HOSPITALS: usize = 4;
/// Index of the person among the senders.
const PERSON: usize = HOSPITALS;
/// Keys 0 to 3 founded the hospitals, the others are free.
const KEYS: usize = 16;

#[derive(Clone, Debug)]
enum Step {
    NextEpoch,
    Register(Registration),
    Report {
        by: usize,
        /// Culprit and epoch, as the node judged.
        proven: Option<(usize, u64)>,
        length: usize,
    },
}

/// The fields `signed_*` are those of the statement under the possession.
#[derive(Clone, Debug)]
struct Registration {
    by: usize,
    key: usize,
    /// Relative to the running epoch.
    ahead: u64,
    signed_for: Option<usize>,
    signed_ahead: Option<u64>,
    signed_by: Option<usize>,
    follows: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let rarely = |range: std::ops::Range<usize>| prop::option::weighted(0.05, range);
    let by = || prop_oneof![12 => 0..HOSPITALS, 1 => Just(PERSON)];
    let registration = (
        by(),
        0..KEYS,
        prop_oneof![12 => Just(1u64), 1 => 0..4u64],
        rarely(0..HOSPITALS),
        prop::option::weighted(0.05, 0..4u64),
        rarely(0..KEYS),
        any::<bool>(),
    );
    let report = (
        by(),
        prop::option::weighted(0.8, (0..HOSPITALS, 0..6u64)),
        prop_oneof![6 => 0..1025usize, 1 => 1025..1100usize],
    );
    prop_oneof![
        1 => Just(Step::NextEpoch),
        12 => registration.prop_map(
            |(by, key, ahead, signed_for, signed_ahead, signed_by, follows)| {
                Step::Register(Registration {
                    by, key, ahead, signed_for, signed_ahead, signed_by, follows,
                })
            }
        ),
        5 => report.prop_map(|(by, proven, length)| Step::Report { by, proven, length }),
    ]
}

/// The rules of `docs/spec/contract.md`, section 7, without code of the contract.
#[derive(Default)]
struct Model {
    epoch: u64,
    used: BTreeSet<usize>,
    /// By hospital: epoch, key, whether it follows, and the count.
    registered: BTreeMap<usize, (u64, usize, bool, u32)>,
    /// By culprit and epoch of the proof.
    proven: BTreeSet<(usize, u64)>,
}

impl Model {
    fn register(&mut self, step: &Registration) -> &'static str {
        let forged = step.signed_for.is_some_and(|other| other != step.by)
            || step.signed_ahead.is_some_and(|other| other != step.ahead)
            || step.signed_by.is_some_and(|other| other != step.key);
        let epoch = self.epoch + step.ahead;
        let count = match self.registered.get(&step.by) {
            Some((of, _, _, count)) if *of == epoch => *count,
            _ => 0,
        };
        if step.by == PERSON {
            "not_authorised"
        } else if step.ahead != 1 {
            "epoch"
        } else if forged {
            "possession"
        } else if step.key < HOSPITALS || self.used.contains(&step.key) {
            "already_exists"
        } else if count == 4 {
            "voting_keys_exhausted"
        } else {
            self.used.insert(step.key);
            let entry = (epoch, step.key, step.follows, count + 1);
            self.registered.insert(step.by, entry);
            ""
        }
    }

    fn report(&mut self, by: usize, proven: Option<(usize, u64)>, length: usize) -> &'static str {
        match proven {
            _ if by == PERSON => "not_authorised",
            Some(culprit) if length <= 1024 => {
                let fresh = self.proven.insert(culprit);
                if fresh { "" } else { "already_exists" }
            }
            _ => "evidence",
        }
    }
}

/// The code or field of a denial; empty for a call that took effect.
fn answer(outcome: &Outcome) -> String {
    match outcome.denial() {
        None => String::new(),
        Some(Denial::Invalid { field }) => field.clone(),
        Some(denial) => denial.code().to_owned(),
    }
}

fn key_of(index: usize) -> Actor {
    // The hospitals have the seeds from 1 on.
    voter(u8::try_from(index + 1).unwrap())
}

fn take(fixture: &mut Fixture, step: &Step) -> Option<Outcome> {
    let sender = |fixture: &Fixture, by: usize| match by {
        PERSON => fixture.patient(),
        hospital => fixture.hospitals[hospital],
    };
    match step {
        Step::NextEpoch => {
            fixture.next_epoch();
            None
        }
        Step::Register(step) => {
            let ahead = |ahead: u64| Epoch(fixture.block.epoch.0 + ahead);
            let key = key_of(step.key);
            // A person has no organisation to sign for.
            let signed_for = step.signed_for.unwrap_or(step.by % HOSPITALS);
            let possession = possession(
                &fixture.block.chain,
                &fixture.hospitals[signed_for],
                ahead(step.signed_ahead.unwrap_or(step.ahead)),
                &key,
                &key_of(step.signed_by.unwrap_or(step.key)),
            );
            let call = register(ahead(step.ahead), key.key, possession);
            let actor = sender(fixture, step.by);
            fixture.follows = step.follows;
            Some(fixture.send(&actor, &call))
        }
        Step::Report {
            by,
            proven: judged,
            length,
        } => {
            fixture.proven = judged.map(|(culprit, epoch)| {
                proven(fixture.hospitals[culprit].organisation(), Epoch(epoch))
            });
            let actor = sender(fixture, *by);
            let outcome = fixture.send(&actor, &report(&vec![0; *length]));
            fixture.proven = None;
            Some(outcome)
        }
    }
}

fn check_state(fixture: &Fixture, model: &Model) -> Result<(), TestCaseError> {
    for (index, hospital) in fixture.hospitals.iter().enumerate() {
        let organisation = hospital.organisation();
        let stored: Option<VotingKeyState> = fixture.read(&keys::voting_key(&organisation));
        let expected = model.registered.get(&index);
        let expected = expected.map(|&(epoch, key, follows, registrations)| VotingKeyState {
            organisation,
            epoch: Epoch(epoch),
            key: key_of(key).key,
            follows,
            registrations,
        });
        prop_assert_eq!(stored, expected);
        for epoch in 0..6 {
            let key = keys::misbehaviour(&organisation, Epoch(epoch));
            let known = fixture.read::<MisbehaviourState>(&key).is_some();
            prop_assert_eq!(known, model.proven.contains(&(index, epoch)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn registrations_and_reports_agree_with_the_model(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut fixture = Fixture::ready();
        let mut model = Model::default();
        for (index, step) in steps.iter().enumerate() {
            let expected = match step {
                Step::NextEpoch => {
                    model.epoch += 1;
                    ""
                }
                Step::Register(registration) => model.register(registration),
                Step::Report { by, proven, length } => model.report(*by, *proven, *length),
            };
            if let Some(outcome) = take(&mut fixture, step) {
                prop_assert_eq!(answer(&outcome), expected, "step {}: {:?}", index, step);
            }
            check_state(&fixture, &model)?;
        }
    }
}
