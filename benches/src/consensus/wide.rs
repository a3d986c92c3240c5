//! A hundred organisations: the votes of a committee, beside those of all.

use medshare_consensus::Mode;
use medshare_testkit::fixtures::Members;

use super::block::Block;
use super::driver::Consortium;
use super::journal::Dropped;
use super::report::{Measured, Row};
use super::{BLOCK_LEN, measured};

const ALL: u16 = 100;
const COMMITTEE: u16 = 13;
const BLOCKS: usize = 3;

/// A committee of 13 and classic PBFT among 100. The others of the 100 fetch each block once with its
/// certificate, whichever way it was ordered; that is not counted.
pub(crate) fn run() -> anyhow::Result<[Row; 2]> {
    let committee = order("committee-of-100", COMMITTEE, Mode::Credit)?;
    let classic = order("classic-100", ALL, Mode::Classic)?;
    let percent = |of: f64, all: f64| of / all * 100.0;
    println!(
        "\nordering votes of {COMMITTEE} members for {ALL} organisations, of classic PBFT among all: {:.2} % of the messages, {:.2} % of the bytes, goal 5 %",
        percent(committee.messages, classic.messages),
        percent(committee.vote_bytes, classic.vote_bytes)
    );
    Ok([committee, classic])
}

fn order(name: &'static str, n: u16, mode: Mode) -> anyhow::Result<Row> {
    let members = Members::new(n);
    let block = Block::new(BLOCK_LEN);
    let mut replicas = Consortium::new(&members, mode, |_| Ok(Dropped::default()))?;
    replicas.order(&block)?;
    replicas.reset_traffic();
    let mut times = Measured::default();
    for _ in 0..BLOCKS {
        times.add(measured(|| replicas.order(&block))?);
    }
    Ok(Row::new(name, n.into(), &mut times).with_traffic(&replicas.traffic(), BLOCKS))
}
