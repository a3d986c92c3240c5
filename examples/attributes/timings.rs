//! What the operations take on this machine, median wall-clock time on one thread.
//!
//! The benchmark program measures CPU time and interleaves its rows:
//! `cargo run --release -p medshare-benches -- abe`.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use medshare_abe::{
    AccessPolicy, AttributeSet, Date, MasterSecretKey, Validity, decapsulate, decapsulate_strict,
    encapsulate, encapsulate_dated,
};

use crate::{CONTEXT, Outcome};

pub(crate) fn show(out: &mut impl Write, rounds: u32) -> Outcome {
    let rng = &mut rand::rng();
    let (parameters, authority) = MasterSecretKey::setup(rng);
    writeln!(out, "\n# Timings, milliseconds (median of {rounds})\n")?;
    writeln!(
        out,
        "{:>9} {:>10} {:>12} {:>12} {:>12} {:>12} {:>12}",
        "and of n", "issue", "encapsulate", "with a date", "decapsulate", "strictly", "bytes"
    )?;
    for n in [5, 20, 100] {
        let names: Vec<String> = (0..n).map(|i| format!("attribute:{i}")).collect();
        let attributes: AttributeSet = names.join(", ").parse()?;
        let policy: AccessPolicy = names.join(" and ").parse()?;
        let key = authority.issue(&parameters, &attributes, Validity::ALWAYS, rng)?;
        let (header, _) = encapsulate(&parameters, &policy, CONTEXT, rng);
        let day = Date::from_days(20_000);
        let mut times = [
            median(rounds, || {
                drop(authority.issue(&parameters, &attributes, Validity::ALWAYS, rng));
            }),
            median(rounds, || {
                black_box(encapsulate(&parameters, &policy, CONTEXT, &mut rand::rng()));
            }),
            median(rounds, || {
                let rng = &mut rand::rng();
                black_box(encapsulate_dated(&parameters, &policy, day, CONTEXT, rng));
            }),
            median(rounds, || {
                drop(black_box(decapsulate(&parameters, &header, &key, CONTEXT)));
            }),
            median(rounds, || {
                drop(black_box(decapsulate_strict(
                    &parameters,
                    &header,
                    &key,
                    CONTEXT,
                )));
            }),
        ]
        .into_iter();
        let mut next = || times.next().unwrap_or_default();
        writeln!(
            out,
            "{n:>9} {:>10.2} {:>12.2} {:>12.2} {:>12.2} {:>12.2} {:>12}",
            next(),
            next(),
            next(),
            next(),
            next(),
            header.to_bytes().len()
        )?;
    }
    Ok(())
}

/// Milliseconds.
fn median(rounds: u32, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
