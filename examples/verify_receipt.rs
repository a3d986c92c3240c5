//! Verifies the receipt of an access offline, from two files.
//!
//! `cargo run --release --example verify_receipt -- RECEIPT TRUST_ANCHOR`

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use medshare_examples::text;
use medshare_sdk::{Receipt, TrustAnchor};

/// Upper bound on the length of either file, bytes.
const MAX_LEN: u64 = 16 << 20;

/// Verifies a receipt against a trust anchor, without a network or a consortium
#[derive(Parser)]
struct Args {
    /// The receipt of an access
    receipt: PathBuf,
    /// The consortium's trust anchor, from a source that you trust
    trust_anchor: PathBuf,
}

fn main() -> ExitCode {
    let printed = match verify(&Args::parse()) {
        Ok(report) => writeln!(std::io::stdout(), "{report}").map(|()| ExitCode::SUCCESS),
        Err(reason) => {
            writeln!(std::io::stderr(), "verify_receipt: {reason}").map(|()| ExitCode::FAILURE)
        }
    };
    // A verdict that could not be printed must not look like success.
    printed.unwrap_or(ExitCode::FAILURE)
}

fn verify(args: &Args) -> Result<String, String> {
    let receipt = Receipt::from_bytes(&read(&args.receipt)?)
        .map_err(|error| format!("{} is not a receipt: {error}", args.receipt.display()))?;
    let anchor = TrustAnchor::from_bytes(&read(&args.trust_anchor)?).map_err(|error| {
        format!(
            "{} is not a trust anchor: {error}",
            args.trust_anchor.display()
        )
    })?;
    let ticket = receipt.verify(&anchor).map_err(|error| {
        let (receipt, anchor) = (args.receipt.display(), args.trust_anchor.display());
        format!("{receipt} does not hold under {anchor}: {error}")
    })?;
    let members: Vec<_> = anchor
        .genesis()
        .members
        .iter()
        .map(|member| &*member.name)
        .collect();
    Ok(format!(
        "The receipt holds.\n\
         \n  who      person {} (a pseudonym)\
         \n  what     record {}, version {}\
         \n  when     {}, within a ticket that ended at {}\
         \n  why      purpose {}\
         \n  under    grant {}\
         \n  height   {} of chain {}\
         \n  members  {}\
         \n  shares   {}, by the reader's own account",
        ticket.grantee,
        ticket.record,
        ticket.version,
        text::moment(ticket.issued_at),
        text::moment(ticket.expires),
        ticket.purpose,
        ticket.grant,
        ticket.height,
        anchor.chain(),
        members.join(", "),
        receipt.share_count(),
    ))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_LEN).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error: std::io::Error| format!("{}: {error}", path.display()))
}
