//! Runs, most of which begin with a chain that has its gate key.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::founding::{Consortium, unfounded};
use crate::report::Report;
use crate::scenario::{Load, Scenario};
use crate::simulation::run_on;

/// Longer than a founding takes, milliseconds.
const FOUNDING_MS: u64 = 3_600_000;

static FOUNDED: Mutex<BTreeMap<u16, Consortium>> = Mutex::new(BTreeMap::new());

/// Runs a scenario on the calling thread, outside of any runtime.
#[must_use]
pub fn run(scenario: Scenario) -> Report {
    let consortium = match scenario.from_nothing {
        true => unfounded(scenario.members),
        false => founded(scenario.members),
    };
    run_on(scenario, consortium).0
}

/// Organisations whose chain has its gate key. The first call for a size makes it.
fn founded(members: u16) -> Consortium {
    let mut founded = FOUNDED.lock().unwrap_or_else(PoisonError::into_inner);
    let made = founded.entry(members).or_insert_with(|| {
        let load = Load {
            orders: 1,
            single: 0,
            flood: 0,
        };
        let scenario = Scenario::new(0, members).from_nothing().with_load(load);
        let before = unfounded(members);
        let (report, machines) = run_on(scenario, before.clone());
        assert_eq!(report.violations, [], "no fault in a calm founding");
        Consortium {
            members: before.members,
            machines,
            now: before.now.plus_millis(FOUNDING_MS),
        }
    });
    made.clone()
}
