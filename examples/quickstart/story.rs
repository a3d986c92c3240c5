//! The steps, in order: what an application does.

use std::path::{Path, PathBuf};
use std::time::Instant;

use medshare_examples::text;
use medshare_sdk::{
    Access, Consortium, Content, Error, GrantId, Purpose, Receipt, Record, TrustAnchor, Window,
};

use crate::args::Args;
use crate::cast::{self, Cast};
use crate::failure::{Context as _, Failure, Result};
use crate::fingerprint::{Sum, Tap};
use crate::index::{Entry, Index};
use crate::report::{Opened, Outcome, note, say, step};
use crate::sink::{Compared, Comparison};
use crate::source::Source;
use crate::whole::{self, WholeFile};
use crate::{progress, refusals, report};

/// How long the files may be read, from now on.
const GRANT_DAYS: u32 = 30;
const NOT_HERE: &str = "cannot tell where the consortium is";

/// Everything. What may be wrong with the command line is found before anything starts.
pub(crate) async fn run(args: Args) -> Result<()> {
    let began = Instant::now();
    let sources = args.sources()?;
    args.make_dir()?;
    let json = args.json.as_deref().map(WholeFile::begin).transpose()?;

    let consortium = cast::start(&args).await?;
    report::consortium(&consortium, args.dir.is_some(), began.elapsed())?;
    let folder = consortium
        .folder()
        .context(|| NOT_HERE)?
        .display()
        .to_string();
    let told = tell(&consortium, &args, &sources).await;
    let told = told.map_err(|failure| failure.and(format_args!("in the folder {folder}")));
    let ended = consortium.shut_down().await;
    let ended = ended.context(|| format!("the consortium in {folder} did not end well"));
    let outcome = match (told, ended) {
        (Ok(outcome), Ok(())) => outcome,
        // Why a member ended is often why the rest did not go on.
        (Err(failure), Err(cause)) => return Err(failure.and(cause)),
        (Err(failure), Ok(())) | (Ok(_), Err(failure)) => return Err(failure),
    };
    if let Some(file) = json {
        file.finish(outcome.to_json()?.as_bytes())?;
    }
    report::closing(&outcome, began.elapsed());
    Ok(())
}

async fn tell(consortium: &Consortium, args: &Args, sources: &[Source]) -> Result<Outcome> {
    let cast = Cast::enrol(consortium).await?;
    report::people(&cast);
    let folder = consortium.folder().context(|| NOT_HERE)?;
    let mut index = Index::open(folder)?;
    let earlier = open_earlier(&cast, &mut index).await?;
    let mut files = Vec::new();
    let mut last = None;
    for source in sources {
        let (file, access) = whole_way(&cast, &mut index, source).await?;
        files.push(file);
        last = Some(access);
    }
    let refusals = refusals::show(&cast).await?;
    let last = last.ok_or_else(|| Failure::new("nothing was opened"))?;
    let (receipt, trust_anchor) = prove(&cast, args, folder, &last)?;
    let [receipt, trust_anchor] = [receipt, trust_anchor].map(|path| path.display().to_string());
    Ok(Outcome {
        files,
        refusals,
        earlier,
        receipt,
        trust_anchor,
    })
}

/// A file's whole way: sealed, granted, opened, compared.
async fn whole_way(cast: &Cast, index: &mut Index, source: &Source) -> Result<(Opened, Access)> {
    let name = source.name();
    say(format_args!("\n{name}, {}", text::size(source.length())));

    let began = Instant::now();
    let (reader, read) = Tap::new(source.read()?);
    let bar = progress::bar("sealing", source.length());
    let moving = bar.clone();
    let record = cast
        .st_mary
        .seal(Content::reader(reader), &cast.policy)
        .subject(&cast.patient)
        .title(&name)
        .media_type(source.media_type())
        .on_progress(move |done| moving.set_position(done))
        .await
        .context(|| format!("cannot seal {name}"))?;
    bar.finish_and_clear();
    let sealed = read.sum();
    let short = text::short(record.id);
    step(
        "sealed",
        began.elapsed(),
        format_args!("by st-mary as record {short}"),
    );

    let began = Instant::now();
    let grant = grant_anew(cast, record)
        .await
        .context(|| format!("cannot grant {name}"))?;
    let terms = format_args!("by patient-7 to dr-lee for {GRANT_DAYS} days of treatment");
    step("granted", began.elapsed(), terms);

    let began = Instant::now();
    let comparison = Comparison::with(source.read()?);
    let opened = open(cast, grant, comparison, sealed.bytes).await;
    let (access, compared) = opened.context(|| format!("cannot open {name}"))?;
    check(&name, &sealed, &compared)?;
    let ticket = access.ticket();
    step(
        "opened",
        began.elapsed(),
        format_args!(
            "by dr-lee at height {}, {}: the same, byte for byte",
            ticket.height,
            text::moment(ticket.issued_at)
        ),
    );
    note("sha256", &sealed.sha256);
    index.add(Entry {
        path: name.clone(),
        record: record.to_string(),
        grant: grant.to_string(),
        sha256: sealed.sha256.clone(),
        bytes: sealed.bytes,
    })?;
    Ok((Opened::new(&name, &sealed, &compared.sum, &access), access))
}

async fn grant_anew(cast: &Cast, record: Record) -> Result<GrantId, Error> {
    let window = Window::days(GRANT_DAYS);
    cast.patient
        .grant(record, &cast.doctor, window)
        .purpose(Purpose::Treatment)
        .await
}

/// Opens into a comparison; nothing that was opened is kept.
async fn open(
    cast: &Cast,
    grant: GrantId,
    mut comparison: Comparison,
    bytes: u64,
) -> Result<(Access, Compared), Error> {
    let bar = progress::bar("opening", bytes);
    let moving = bar.clone();
    let opening = cast
        .doctor
        .open(grant)
        .on_progress(move |done| moving.set_position(done));
    let access = opening.write_to(&mut comparison).await;
    bar.finish_and_clear();
    Ok((access?, comparison.finish()?))
}

fn check(name: &str, sealed: &Sum, compared: &Compared) -> Result<()> {
    let opened = &compared.sum;
    if opened != sealed {
        return Err(Failure::new(format!(
            "{name}: sealed were {} bytes of sha256 {}, opened are {} bytes of sha256 {}",
            sealed.bytes, sealed.sha256, opened.bytes, opened.sha256
        )));
    }
    match compared.differs_at {
        None => Ok(()),
        Some(place) => Err(Failure::new(format!(
            "{name}: changed after it was sealed, from byte {place} on"
        ))),
    }
}

/// Opens every record that earlier runs in this folder sealed.
async fn open_earlier(cast: &Cast, index: &mut Index) -> Result<Vec<Opened>> {
    let entries = index.entries().to_vec();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    say(format_args!("\nRecords of earlier runs: {}", entries.len()));
    let mut earlier = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let name = &entry.path;
        let damaged = || format!("the index of records is damaged at {name}");
        let mut grant: GrantId = entry.grant.parse().context(damaged)?;
        let began = Instant::now();
        let mut opened = open(cast, grant, Comparison::hash_only(), entry.bytes).await;
        if opened
            .as_ref()
            .is_err_and(|error| error.code() == "expired")
        {
            let record = entry.record.parse().context(damaged)?;
            grant = grant_anew(cast, record)
                .await
                .context(|| format!("cannot grant {name}"))?;
            index.set_grant(place, grant.to_string())?;
            note(
                "granted",
                format_args!("{name} again, its grant had expired"),
            );
            opened = open(cast, grant, Comparison::hash_only(), entry.bytes).await;
        }
        let (access, compared) =
            opened.context(|| format!("cannot open {name} of an earlier run"))?;
        let sealed = Sum {
            sha256: entry.sha256.clone(),
            bytes: entry.bytes,
        };
        check(name, &sealed, &compared)?;
        let (height, size) = (access.ticket().height, text::size(entry.bytes));
        step(
            "opened",
            began.elapsed(),
            format_args!("{name}, {size}, at height {height}"),
        );
        earlier.push(Opened::new(name, &sealed, &compared.sum, &access));
    }
    Ok(earlier)
}

/// Writes the receipt of an access and verifies it with nothing but two files.
fn prove(cast: &Cast, args: &Args, folder: &Path, access: &Access) -> Result<(PathBuf, PathBuf)> {
    let (receipt, anchor) = proof_files(args, folder);
    whole::write(&receipt, &access.receipt().to_bytes())?;
    if !anchor.starts_with(folder) {
        whole::write(&anchor, &cast.consortium.trust_anchor().to_bytes())?;
    }

    let read =
        |path: &Path| std::fs::read(path).context(|| format!("cannot read {}", path.display()));
    let (receipt_bytes, anchor_bytes) = (read(&receipt)?, read(&anchor)?);
    let failed = || format!("{} does not hold", receipt.display());
    let proof = Receipt::from_bytes(&receipt_bytes).context(failed)?;
    let trust = TrustAnchor::from_bytes(&anchor_bytes).context(failed)?;
    let ticket = proof.verify(&trust).context(failed)?;
    if ticket != access.ticket() {
        return Err(Failure::new(format!(
            "{}: another ticket than was issued",
            failed()
        )));
    }
    report::receipt(&receipt, receipt_bytes.len(), ticket, cast.doctor.name());
    Ok((receipt, anchor))
}

/// The receipt's file and the trust anchor's. A temporary folder goes, so what the JSON file
/// names is written beside that one.
fn proof_files(args: &Args, folder: &Path) -> (PathBuf, PathBuf) {
    match (&args.dir, &args.json) {
        (None, Some(json)) if !json.exists() || json.is_file() => {
            let beside = |ending| {
                let mut name = json.file_name().unwrap_or_default().to_owned();
                name.push(ending);
                json.with_file_name(name)
            };
            (beside(".receipt"), beside(".trust-anchor"))
        }
        _ => (folder.join("receipt"), folder.join("trust-anchor")),
    }
}
