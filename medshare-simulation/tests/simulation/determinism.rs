//! A run follows from its seed.

use std::collections::BTreeSet;

use medshare_simulation::{Faults, Scenario, run, swarm};

#[test]
fn a_seed_reproduces() {
    let mut traces = BTreeSet::new();
    for seed in 0..4 {
        let first = swarm::run(seed);
        let second = run(swarm::scenario(seed).with_narration());
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.counts, second.counts, "seed {seed}");
        assert_eq!(first.simulated_ms, second.simulated_ms, "seed {seed}");
        assert!(second.words.is_some() && first.words.is_none());
        traces.insert(first.trace);
    }
    assert_eq!(traces.len(), 4, "seeds differ");
}

/// The founding, too: keys, deals and shares are drawn from the seed.
#[test]
fn a_founding_reproduces() {
    let scenario = Scenario::new(5, 4)
        .with_faults(Faults::ROUGH)
        .from_nothing();
    let first = run(scenario.clone());
    let second = run(scenario);
    assert_eq!(first.violations, []);
    assert_eq!(first.trace, second.trace);
}
