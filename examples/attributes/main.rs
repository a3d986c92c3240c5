//! Attribute-based encryption alone: no chain, no gate.
//!
//! `cargo run --release --example attributes [-- --rounds N]`
//!
//! Each answer is computed in this run. The tables at the head of each module list the expected
//! answers; an answer that differs is marked, and the run fails. Change an attribute or a policy
//! there to get another answer.
//!
//! | module | shows |
//! |---|---|
//! | `policies` | names, numbers, dates, `!=`, k of n; which keys open, and which attributes the others lack |
//! | `keys` | keys with a validity, and delegation of a key for fewer attributes |
//! | `issuance` | three of five issuers make a key, and two answer wrongly |
//! | `payload` | two policies for one payload, and a range of its bytes |
//! | `timings` | the time of each operation on this machine |

mod issuance;
mod keys;
mod payload;
mod policies;
mod timings;
mod transcript;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use medshare_abe::{
    DecapsulateError, Header, PublicParameters, SharedSecret, UserSecretKey, decapsulate,
};

use transcript::Transcript;

/// Shows attribute-based encryption alone: policies, keys, threshold issuance, timings
#[derive(Parser)]
struct Args {
    /// How many times each operation is timed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error must not hide the exit code.
            let _ = writeln!(std::io::stderr(), "attributes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Outcome {
    let out = &mut Transcript::new();
    policies::show(out)?;
    keys::show(out)?;
    issuance::show(out)?;
    payload::show(out)?;
    timings::show(out, args.rounds)?;
    out.verdict()
}

/// Associated data of each header; readers need the same.
const CONTEXT: &[u8] = b"a lecture on attribute-based encryption";

/// The answer of [`try_key`] when the key opens the header.
const OPENS: &str = "opens";

/// Tries to open the header. Returns [`OPENS`] or the reason for the refusal; another secret than
/// the sealed one is an error.
fn try_key(
    parameters: &PublicParameters,
    (header, secret): &(Header, SharedSecret),
    key: &UserSecretKey,
) -> Outcome<String> {
    match decapsulate(parameters, header, key, CONTEXT) {
        Ok(opened) if opened.as_bytes() == secret.as_bytes() => Ok(OPENS.to_owned()),
        Ok(_) => Err("a key opened a header to another secret".into()),
        Err(refusal) => Ok(why_not(&refusal)),
    }
}

/// The reason for a refusal, in words.
fn why_not(refusal: &DecapsulateError) -> String {
    match refusal {
        DecapsulateError::PolicyUnsatisfied { missing } => format!("lacks {}", list(missing)),
        DecapsulateError::NotValid { validity, .. } => format!("the key is for {validity}"),
        other => other.to_string(),
    }
}

fn list(items: &[impl ToString]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}
