//! The attribute-based key encapsulation.

use std::cell::RefCell;
use std::hint::black_box;

use medshare_abe::hazmat::decapsulate_unchecked;
use medshare_abe::{MasterSecretKey, Validity, decapsulate, decapsulate_strict};
use rand_chacha::ChaCha20Rng;

use super::{Case, Row, measure as measure_cases};
use crate::abe::{CONTEXT, Decapsulate, Setting, Shape, attributes, shapes};
use crate::seeded;

const ROUNDS: usize = 9;

const DECAPSULATIONS: [(&str, Decapsulate); 3] = [
    ("decapsulate", decapsulate),
    ("decapsulate-cpa", decapsulate_unchecked),
    ("decapsulate-strict", decapsulate_strict),
];

/// Measures every operation at every size.
///
/// # Errors
/// When what was sealed does not open, which would be a fault of the library.
pub fn measure() -> Result<Vec<Row>, String> {
    let setting = Setting::new();
    let shapes = shapes(&setting);
    shapes.iter().try_for_each(|shape| check(&setting, shape))?;
    let rng = RefCell::new(seeded());
    let mut cases = vec![setup_case(&setting)];
    for shape in &shapes {
        cases.extend(header_cases(&setting, shape, &rng));
        if shape.name == "and" {
            cases.push(keygen_case(&setting, shape, &rng));
        }
    }
    Ok(measure_cases(cases, ROUNDS))
}

/// Every decapsulation gives what was encapsulated.
fn check(setting: &Setting, shape: &Shape) -> Result<(), String> {
    for (op, open) in DECAPSULATIONS {
        for (parameters, _) in setting.both_caches() {
            let opened = open(parameters, &shape.header, &shape.key, CONTEXT);
            let opened = opened.map_err(|error| format!("{op}: {error}"))?;
            if opened.as_bytes() != shape.secret.as_bytes() {
                let Shape { name, leaves, .. } = shape;
                return Err(format!("{op} of {name} {leaves}: another key came out"));
            }
        }
    }
    Ok(())
}

fn setup_case(setting: &Setting) -> Case<'_> {
    let row = Row {
        op: "setup",
        shape: "and",
        n: 0,
        cache: false,
        cpu_us: 0.0,
        bytes: setting.parameters.to_bytes().len(),
    };
    let run = Box::new(|| drop(black_box(MasterSecretKey::setup(&mut seeded()))));
    Case {
        row,
        repeat: 4,
        run,
    }
}

/// Encapsulation and every decapsulation, without and with cached hashes.
///
/// A key keeps the hashes of its own attributes, so that only the strict decapsulation of rows that it
/// has no part for depends on the cache.
fn header_cases<'a>(
    setting: &'a Setting,
    shape: &'a Shape,
    rng: &'a RefCell<ChaCha20Rng>,
) -> Vec<Case<'a>> {
    let row = |op, cache| Row {
        op,
        shape: shape.name,
        n: shape.leaves,
        cache,
        cpu_us: 0.0,
        bytes: shape.header.to_bytes().len(),
    };
    let mut cases = Vec::new();
    for (parameters, cached) in setting.both_caches() {
        let seal = || {
            drop(black_box(
                shape.encapsulate(parameters, &mut *rng.borrow_mut()),
            ))
        };
        cases.push(Case {
            row: row("encapsulate", cached),
            repeat: 2,
            run: Box::new(seal),
        });
        cases.extend(DECAPSULATIONS.map(|(op, open)| Case {
            row: row(op, cached),
            repeat: 2,
            run: Box::new(move || {
                drop(black_box(open(
                    parameters,
                    &shape.header,
                    &shape.key,
                    CONTEXT,
                )));
            }),
        }));
    }
    cases
}

/// Issuing, which computes every hash.
fn keygen_case<'a>(
    setting: &'a Setting,
    shape: &'a Shape,
    rng: &'a RefCell<ChaCha20Rng>,
) -> Case<'a> {
    let set = attributes(shape.leaves);
    Case {
        row: Row {
            op: "keygen",
            shape: shape.name,
            n: shape.leaves,
            cache: false,
            cpu_us: 0.0,
            bytes: shape.key.to_bytes().len(),
        },
        repeat: 2,
        run: Box::new(move || {
            let rng = &mut *rng.borrow_mut();
            let key = setting
                .master
                .issue(&setting.parameters, &set, Validity::ALWAYS, rng);
            drop(black_box(key));
        }),
    }
}
