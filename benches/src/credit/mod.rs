//! The long run: what credit and conversion make of Byzantine organisations in 60 epochs.
//!
//! A model: facts of each height are generated from a seed, without messages, and the production
//! functions for credit, bans, seats and leaders decide on them. One honest member is slow, at no
//! height do more than f liars of the first setting sit, and all of them begin in the committee.
//! Beside it ten liars in the pool, with a first committee that is drawn and honest members that are
//! down for an epoch now and then: where more than f of them sit, no rule over conduct helps.
//!
//! Left out: late and lost messages of honest members, votes that primaries leave out (others record
//! them in time), and the two seconds for which heights stay open on a fast network.

mod attack;
mod failure;
mod report;
mod world;

use std::path::PathBuf;

use self::attack::Attack;
use self::failure::failure_probability;
use self::report::{Row, print, print_goals, print_heading, write_json};
use self::world::{Outcome, Setting, World};

const EPOCHS: usize = 60;

/// Runs of each attack, each from its own seed.
const RUNS: u64 = 10;
const BOUNDED: Setting = Setting {
    pool: 40,
    seats: 16,
    byzantine: 5,
    drawn: false,
    outages_per_mille: 0,
};

const DRAWN_RUNS: u64 = 30;
const DRAWN: Setting = Setting {
    byzantine: 10,
    drawn: true,
    outages_per_mille: 5,
    ..BOUNDED
};

/// Runs all attacks in both settings, prints a table, and writes the rows to `json`.
pub(crate) fn run(json: Option<PathBuf>) -> anyhow::Result<()> {
    let mut rows = experiment(BOUNDED, RUNS);
    print_goals(&rows);
    let failure = failure_probability(
        DRAWN.pool.into(),
        DRAWN.byzantine.into(),
        DRAWN.seats.into(),
    );
    println!(
        "\n{} liars in the pool: {:.1} % of free draws seat more than f of them",
        DRAWN.byzantine,
        failure * 100.0
    );
    rows.extend(experiment(DRAWN, DRAWN_RUNS));
    match json {
        Some(file) => write_json(&file, &rows),
        None => Ok(()),
    }
}

fn experiment(setting: Setting, runs: u64) -> Vec<Row> {
    print_heading();
    let mut rows = Vec::new();
    for attack in Attack::ALL {
        let mut worlds: Vec<_> = (0..runs)
            .map(|seed| World::new(setting, attack, seed))
            .collect();
        let drawn = worlds.iter().filter(|world| world.is_overrun()).count();
        let epoch = |epoch| {
            let outcomes: Vec<Outcome> = worlds.iter_mut().map(World::epoch).collect();
            Row::new(attack, setting, epoch, &outcomes)
        };
        let of_attack: Vec<_> = (1..=EPOCHS).map(epoch).collect();
        print(&of_attack);
        let overrun = worlds.iter().filter(|world| world.is_overrun()).count();
        if overrun > 0 {
            println!(
                "           more than f liars sit: at first in {drawn} of {runs} runs, at last in {overrun}"
            );
        }
        rows.extend(of_attack);
    }
    rows
}
