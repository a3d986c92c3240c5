//! Attribute-based encryption alone, for whoever wants to study the scheme: no chain, no gate.
//!
//! `cargo run --release --example attributes [-- --rounds N]`
//!
//! Every answer that is printed was computed in this run: what is said to open was opened and
//! compared, and what is said to stay shut was tried. The tables at the head of each module say what
//! the answers have to be; one that differs is marked, and the run fails. Change an attribute or a
//! policy there and see.
//!
//! | module | shows |
//! |---|---|
//! | `policies` | names, numbers, dates, `!=`, k of n; who opens what, and what the others lack |
//! | `keys` | keys for some sealing dates, and keys for fewer attributes made from a key |
//! | `issuance` | three of five issuers making a key, two of the five cheating |
//! | `payload` | two policies for one payload, and a range of its bytes |
//! | `timings` | what each operation takes here |

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

/// What a step ends with.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if this fails.
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

/// What the sealer binds a header to, and the reader has to know.
const CONTEXT: &[u8] = b"a lecture on attribute-based encryption";

/// The answer of [`try_key`] when the key opens the header.
const OPENS: &str = "opens";

/// Whether the key opens the header, and if not, why, in words. To open to another secret is an
/// error.
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

/// What keeps a person from opening.
fn why_not(refusal: &DecapsulateError) -> String {
    match refusal {
        DecapsulateError::PolicyUnsatisfied { missing } => {
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            format!("lacks {}", missing.join(", "))
        }
        DecapsulateError::NotValid { validity, .. } => format!("the key is for {validity}"),
        other => other.to_string(),
    }
}
