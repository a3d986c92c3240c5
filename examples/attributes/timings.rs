//! Median wall-clock time of each operation on this machine, on one thread.
//!
//! The benchmark program measures CPU time and interleaves its rows:
//! `cargo run --release -p medshare-benches -- abe`.

use std::hint::black_box;
use std::time::Instant;

use medshare_abe::issuance::{
    IssuanceRequest, IssuerShare, PartialKey, RecipientKeyPair, SealedPartialKey, SharedAuthority,
};
use medshare_abe::{
    AccessPolicy, AttributeSet, Date, Header, MasterSecretKey, PublicParameters, UserSecretKey,
    Validity, decapsulate, decapsulate_strict, encapsulate, encapsulate_dated,
};
use rand::rng;

use crate::{CONTEXT, Outcome, Transcript, issuance};

const SIZES: [usize; 3] = [5, 20, 100];

pub(crate) fn show(out: &mut Transcript, rounds: u32) -> Outcome {
    let subjects = SIZES.into_iter().map(Subject::new);
    let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
    writeln!(out, "\n# Timings\n")?;
    writeln!(
        out,
        "Milliseconds, median of {rounds}, for a key of n names and a policy that asks for all of them.\n"
    )?;
    let ([small, middle, large], title) = (SIZES, "n =");
    writeln!(out, "{title:40}{small:>10}{middle:>10}{large:>10}")?;

    let mut table = Table {
        out,
        rounds,
        subjects,
    };
    keys(&mut table)?;
    headers(&mut table)?;
    table.count("bytes of a key", |s| s.key.to_bytes().len())?;
    table.count("bytes of a header", |s| s.header.to_bytes().len())
}

fn keys(table: &mut Table<'_>) -> Outcome {
    table.time("issue a key", |s| {
        let (validity, rng) = (Validity::ALWAYS, &mut rng());
        Ok(s.authority
            .issue(&s.parameters, &s.attributes, validity, rng)?)
    })?;
    table.time("import it, with all checks", |s| {
        let bytes = s.key.to_bytes();
        Ok(UserSecretKey::from_bytes(
            &bytes,
            &s.parameters,
            &mut rng(),
        )?)
    })?;
    table.time("delegate all but one name", |s| {
        Ok(s.key.delegate(&s.parameters, &s.fewer, &mut rng())?)
    })?;
    table.time("make one issuer's partial key, sealed", |s| {
        let Issued { share, request, .. } = &s.issued;
        Ok(share.issue_partial(request, &mut rng())?.seal(&mut rng())?)
    })?;
    table.time("open and check such a partial key", |s| {
        let (issued, rng) = (&s.issued, &mut rng());
        let (request, sealed) = (&issued.request, &issued.sealed);
        Ok(issued
            .authority
            .open_partial(request, &issued.pair, sealed, rng)?)
    })?;
    table.time("combine three partial keys", |s| {
        let Issued {
            request, partials, ..
        } = &s.issued;
        Ok(s.issued.authority.combine(request, partials, &mut rng())?)
    })
}

fn headers(table: &mut Table<'_>) -> Outcome {
    table.time("encapsulate", |s| {
        Ok(encapsulate(&s.parameters, &s.policy, CONTEXT, &mut rng()))
    })?;
    table.time("encapsulate with a sealing date", |s| {
        let (day, rng) = (Date::from_days(20_000), &mut rng());
        Ok(encapsulate_dated(
            &s.parameters,
            &s.policy,
            day,
            CONTEXT,
            rng,
        ))
    })?;
    table.time("decapsulate", |s| {
        Ok(decapsulate(&s.parameters, &s.header, &s.key, CONTEXT)?)
    })?;
    table.time("decapsulate, every row checked", |s| {
        let Subject {
            parameters,
            header,
            key,
            ..
        } = s;
        Ok(decapsulate_strict(parameters, header, key, CONTEXT)?)
    })
}

/// A table with a row for each operation and a column for each size.
struct Table<'a> {
    out: &'a mut Transcript,
    rounds: u32,
    subjects: Vec<Subject>,
}

impl Table<'_> {
    fn time<T>(&mut self, operation: &str, run: impl Fn(&Subject) -> Outcome<T>) -> Outcome {
        write!(self.out, "{operation:40}")?;
        for subject in &self.subjects {
            let milliseconds = median(self.rounds, || run(subject))?;
            write!(self.out, "{milliseconds:>10.2}")?;
        }
        Ok(writeln!(self.out)?)
    }

    fn count(&mut self, name: &str, count: impl Fn(&Subject) -> usize) -> Outcome {
        write!(self.out, "{name:40}")?;
        for subject in &self.subjects {
            write!(self.out, "{:>10}", count(subject))?;
        }
        Ok(writeln!(self.out)?)
    }
}

fn median<T>(rounds: u32, mut run: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        black_box(run()?);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// The inputs of one size.
struct Subject {
    parameters: PublicParameters,
    authority: MasterSecretKey,
    attributes: AttributeSet,
    fewer: AttributeSet,
    policy: AccessPolicy,
    key: UserSecretKey,
    header: Header,
    issued: Issued,
}

impl Subject {
    fn new(n: usize) -> Outcome<Self> {
        let (parameters, authority) = MasterSecretKey::setup(&mut rng());
        let names: Vec<String> = (0..n).map(|i| format!("attribute:{i}")).collect();
        let attributes: AttributeSet = names.join(", ").parse()?;
        let policy: AccessPolicy = names.join(" and ").parse()?;
        let key = authority.issue(&parameters, &attributes, Validity::ALWAYS, &mut rng())?;
        let (header, _) = encapsulate(&parameters, &policy, CONTEXT, &mut rng());
        Ok(Self {
            fewer: attributes.iter().skip(1).cloned().collect(),
            issued: Issued::new(&authority, attributes.clone())?,
            parameters,
            authority,
            attributes,
            policy,
            key,
            header,
        })
    }
}

/// The inputs of threshold issuance, for the same attributes.
struct Issued {
    authority: SharedAuthority,
    share: IssuerShare,
    pair: RecipientKeyPair,
    request: IssuanceRequest,
    sealed: SealedPartialKey,
    partials: Vec<PartialKey>,
}

impl Issued {
    fn new(master: &MasterSecretKey, attributes: AttributeSet) -> Outcome<Self> {
        let sharing = issuance::five_issuers()?;
        let (authority, mut shares) = SharedAuthority::deal(sharing, master, &mut rng());
        let pair = RecipientKeyPair::random(&mut rng());
        let request = issuance::request(&authority, &pair, attributes, Validity::ALWAYS);
        shares.truncate(authority.sharing().threshold().into());
        let partials = shares
            .iter()
            .map(|share| share.issue_partial(&request, &mut rng()));
        let partials = partials.collect::<Result<Vec<_>, _>>()?;
        let sealed = partials
            .first()
            .ok_or("no partial keys")?
            .seal(&mut rng())?;
        Ok(Self {
            share: shares.swap_remove(0),
            authority,
            pair,
            request,
            sealed,
            partials,
        })
    }
}
