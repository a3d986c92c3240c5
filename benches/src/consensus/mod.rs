//! What ordering a block costs each member, beside the least that any such protocol could cost.
//!
//! | mode | measures |
//! |---|---|
//! | `floor` | two signatures, two batches of q − 1 verifications, SHA3-256 of the block |
//! | `floor-attested` | the same, and one batch of the n − q commits that are left over, which blocks record |
//! | `all-to-all` | the replica: votes to all, records encoded and dropped |
//! | `classic` | the same with a primary that stays, Castro and Liskov's PBFT |
//! | `durable` | the replica on consensus logs in files, with their syncs |
//! | `committee-of-100` | 13 members order for 100 organisations: what the votes of all cost |
//! | `classic-100` | classic PBFT among all 100 |
//! | `fault-free`, `crashed`, `slow`, `dated-ahead` | blocks per second of virtual time, f of the members faulty |
//!
//! Fault-free blocks of [`BLOCK_LEN`] bytes, Ed25519, every message and record encoded, every message
//! decoded. All members share one thread and a queue in memory: CPU time is that of the thread, of one
//! block, by the number of members. A round is one block in each mode, so that a machine which slows
//! down slows all modes alike; the median of the rounds counts. `blocks_per_s` and the latencies are
//! of that thread, which does the work (and waits for the disks) of all members in turn.

mod block;
mod driver;
mod floor;
mod journal;
mod report;
mod slowed;
mod wide;

use std::path::PathBuf;
use std::time::Instant;

use cpu_time::ThreadTime;
use medshare_consensus::Mode;
use medshare_testkit::fixtures::Members;

use self::block::Block;
use self::driver::Consortium;
use self::floor::Floor;
use self::journal::{Dropped, Files, Journal};
use self::report::{Measured, Row, print, write_json};

/// Bytes of a block.
const BLOCK_LEN: usize = 51_200;
const SIZES: [u16; 4] = [4, 7, 16, 31];
/// Rounds of the modes in memory, all measured.
const ROUNDS: usize = 200;
/// Blocks in files: whole intervals between checkpoints.
const DURABLE_ROUNDS: usize = 32;

/// Measures all modes and sizes, prints a table, and writes the rows to `json`.
pub(crate) fn run(json: Option<PathBuf>) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for n in SIZES {
        let members = Members::new(n);
        let [floor, attested, in_memory, classic] = side_by_side(&members)?;
        let durable = durable(&members)?;
        let of_size = [floor, attested, in_memory, classic, durable];
        print(&of_size);
        rows.extend(of_size);
    }
    rows.extend(wide::run()?);
    rows.extend(slowed::run()?);
    match json {
        Some(file) => write_json(&file, &rows),
        None => Ok(()),
    }
}

/// The floor and the replica in memory in both modes, a block each in turn.
fn side_by_side(members: &Members) -> anyhow::Result<[Row; 4]> {
    let n = members.keys().len();
    let block = Block::new(BLOCK_LEN);
    let floor = Floor::new(members, &block);
    let in_memory = |mode| Consortium::new(members, mode, |_| Ok(Dropped::default()));
    let mut replicas = in_memory(Mode::Credit)?;
    let mut classic = in_memory(Mode::Classic)?;
    // Every member has been primary twice by then: buffers are allocated, timers adapted.
    for _ in 0..2 * n {
        floor.run();
        replicas.order(&block)?;
        classic.order(&block)?;
    }
    replicas.reset_traffic();
    classic.reset_traffic();
    let [mut least, mut attested, mut ours, mut baseline] = [(); 4].map(|()| Measured::default());
    for _ in 0..ROUNDS {
        least.add(measured(|| {
            for _ in 0..n {
                floor.run();
            }
            Ok(())
        })?);
        attested.add(measured(|| {
            for _ in 0..n {
                floor.run_attested();
            }
            Ok(())
        })?);
        ours.add(measured(|| replicas.order(&block))?);
        baseline.add(measured(|| classic.order(&block))?);
    }
    Ok([
        Row::new("floor", n, &mut least),
        Row::new("floor-attested", n, &mut attested),
        Row::new("all-to-all", n, &mut ours).with_traffic(&replicas.traffic(), ROUNDS),
        Row::new("classic", n, &mut baseline).with_traffic(&classic.traffic(), ROUNDS),
    ])
}

/// The replica on consensus logs in a temporary folder.
fn durable(members: &Members) -> anyhow::Result<Row> {
    let n = members.keys().len();
    let block = Block::new(BLOCK_LEN);
    let folder = tempfile::tempdir()?;
    let mut replicas = Consortium::new(members, Mode::Credit, |seat| {
        Files::create(folder.path(), seat, members.chain())
    })?;
    for _ in 0..journal::CHECKPOINT_INTERVAL {
        replicas.order(&block)?;
    }
    replicas.reset_traffic();
    let before: u64 = replicas.journals().map(Journal::syncs).sum();
    let mut times = Measured::default();
    for _ in 0..DURABLE_ROUNDS {
        times.add(measured(|| replicas.order(&block))?);
    }
    let after: u64 = replicas.journals().map(Journal::syncs).sum();
    let row = Row::new("durable", n, &mut times).with_traffic(&replicas.traffic(), DURABLE_ROUNDS);
    Ok(row.with_syncs(after - before, DURABLE_ROUNDS))
}

/// CPU time and duration of an action, microseconds.
fn measured(act: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<(f64, f64)> {
    let (cpu, begun) = (ThreadTime::now(), Instant::now());
    act()?;
    let micros = |seconds: f64| seconds * 1e6;
    Ok((
        micros(cpu.elapsed().as_secs_f64()),
        micros(begun.elapsed().as_secs_f64()),
    ))
}
