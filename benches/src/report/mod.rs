//! Measuring rows in turn, and writing them down.

pub mod abe;
pub mod payload;

use std::fmt::Write as _;

use cpu_time::ThreadTime;

/// One measured operation.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was done.
    pub op: &'static str,
    /// The policy's shape.
    pub shape: &'static str,
    /// Leaves or attributes.
    pub n: usize,
    /// Whether attribute hashes were at hand.
    pub cache: bool,
    /// Median CPU time, microseconds.
    pub cpu_us: f64,
    /// Bytes of the header, the key or the buffer.
    pub bytes: usize,
}

/// Something to measure: what it is, and one repetition of it.
pub struct Case<'a> {
    /// The row, without its time.
    pub row: Row,
    /// How many times one measurement repeats it.
    pub repeat: usize,
    /// One repetition.
    pub run: Box<dyn FnMut() + 'a>,
}

/// Measures every case once in each of `rounds` rounds and takes medians.
#[must_use]
pub fn measure(cases: Vec<Case<'_>>, rounds: usize) -> Vec<Row> {
    let mut cases = cases;
    let mut times: Vec<Vec<f64>> = cases.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for case in &mut cases {
        (case.run)();
    }
    for _ in 0..rounds {
        for (case, times) in cases.iter_mut().zip(&mut times) {
            let begun = ThreadTime::now();
            for _ in 0..case.repeat {
                (case.run)();
            }
            times.push(begun.elapsed().as_secs_f64() * 1e6 / case.repeat as f64);
        }
    }
    let with_median = |(case, mut times): (Case<'_>, Vec<f64>)| {
        times.sort_by(f64::total_cmp);
        let cpu_us = times.get(times.len() / 2).copied().unwrap_or_default();
        Row { cpu_us, ..case.row }
    };
    cases.into_iter().zip(times).map(with_median).collect()
}

/// Prints a table.
pub fn print(rows: &[Row]) {
    println!(
        "{:20} {:14} {:>4} {:>6} {:>12} {:>10}",
        "op", "shape", "n", "cache", "cpu us", "bytes"
    );
    for Row {
        op,
        shape,
        n,
        cache,
        cpu_us,
        bytes,
    } in rows
    {
        println!("{op:20} {shape:14} {n:>4} {cache:>6} {cpu_us:>12.1} {bytes:>10}");
    }
}

/// The rows as a JSON array.
#[must_use]
pub fn to_json(rows: &[Row]) -> String {
    let mut out = String::from("[\n");
    for (
        index,
        Row {
            op,
            shape,
            n,
            cache,
            cpu_us,
            bytes,
        },
    ) in rows.iter().enumerate()
    {
        let comma = if index + 1 == rows.len() { "" } else { "," };
        // Names are identifiers, so nothing needs escaping.
        let _ = writeln!(
            out,
            "  {{\"op\":\"{op}\",\"shape\":\"{shape}\",\"n\":{n},\"cache\":{cache},\
             \"cpu_us\":{cpu_us:.3},\"bytes\":{bytes}}}{comma}"
        );
    }
    out.push_str("]\n");
    out
}
