//! One payload, two policies, and a range of its bytes.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write as _};

use medshare_abe::AccessError;
use medshare_abe::payload::{
    self, ContentTree, PayloadError, PayloadReader, PayloadWriter, Preamble, SEALED_SEGMENT_LEN,
};
use medshare_abe::{Binding, DataKey, MasterSecretKey, Validity, WrappedKey};

use crate::{OPENS, Outcome, Transcript, why_not};

const LENGTH: usize = 1 << 20;
const FROM: usize = 700_000;
const RANGE: usize = 100;

/// An object as untrusted storage holds it, and its original content.
struct Sealed {
    content: Vec<u8>,
    preamble: Preamble,
    object: Vec<u8>,
    tree: ContentTree,
}

pub(crate) fn show(out: &mut Transcript) -> Outcome {
    let rng = &mut rand::rng();
    writeln!(out, "\n# One payload, two policies\n")?;
    let content: Vec<u8> = (0..LENGTH).map(|i| (i % 251) as u8).collect();
    let (data_key, preamble, sealer) = payload::create(rng);
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    writer.write_all(&content)?;
    let (object, tree) = writer.finish()?;
    writeln!(
        out,
        "{LENGTH} bytes are sealed to {}, under a data key of their own.",
        object.len()
    )?;
    let sealed = Sealed {
        content,
        preamble,
        object,
        tree,
    };
    let unwrapped = wrapping(out, &sealed.preamble, &data_key)?;
    reading(out, sealed, &unwrapped)
}

/// Wraps the data key for two policies, and unwraps it.
fn wrapping(out: &mut Transcript, preamble: &Preamble, data_key: &DataKey) -> Outcome<DataKey> {
    let rng = &mut rand::rng();
    let (parameters, authority) = MasterSecretKey::setup(rng);
    let always = Validity::ALWAYS;
    let cardiologist = "role:cardiologist".parse()?;
    let cardiologist = authority.issue(&parameters, &cardiologist, always, rng)?;
    let auditor = "role:auditor".parse()?;
    let auditor = authority.issue(&parameters, &auditor, always, rng)?;

    let binding = Binding::new(preamble, b"study 7, patient 12");
    let policy = "role:cardiologist".parse()?;
    let first = WrappedKey::seal(&parameters, &policy, &binding, data_key, rng)?;
    // Readers that can open may wrap the key for others, without touching the payload.
    let policy = "role:auditor".parse()?;
    let second = first.reencapsulate(&parameters, &cardiologist, &binding, &policy, rng)?;
    writeln!(
        out,
        "The data key is wrapped for role:cardiologist; a cardiologist wraps it for role:auditor, \
         too."
    )?;
    let unwrapped = first.open(&parameters, &auditor, &binding);
    let lacks = "lacks role:cardiologist";
    out.answer("an auditor with the first", &in_words(&unwrapped), lacks)?;
    let unwrapped = second.open(&parameters, &auditor, &binding);
    out.answer("an auditor with the second", &in_words(&unwrapped), OPENS)?;
    Ok(unwrapped?)
}

/// Reads a range of the object: unchanged, with one bit changed, and cut.
fn reading(out: &mut Transcript, sealed: Sealed, data_key: &DataKey) -> Outcome {
    let Sealed {
        content,
        preamble,
        object,
        tree,
    } = sealed;
    let to = FROM + RANGE - 1;
    let cursor = Cursor::new(&object);
    let mut reader = PayloadReader::new(cursor, data_key, &preamble, tree.clone())?;
    let same = read_range(&mut reader)? == content[FROM..=to];
    let found = if same { "as sealed" } else { "not as sealed" };
    let subject = format_args!("bytes {FROM} to {to}, read alone");
    out.answer(subject, found, "as sealed")?;

    let mut changed = object.clone();
    changed[FROM] ^= 1;
    let mut reader = PayloadReader::new(Cursor::new(&changed), data_key, &preamble, tree)?;
    let found = refusal(read_range(&mut reader));
    let segment = FROM / SEALED_SEGMENT_LEN;
    let expected = format!("refused: segment {segment}");
    out.answer("the same, one bit changed", &found, &expected)?;

    let cut = &object[..object.len() - SEALED_SEGMENT_LEN];
    let reader = PayloadReader::without_root(Cursor::new(cut), data_key, &preamble);
    let subject = "cut by a segment, without the digests";
    Ok(out.answer(subject, &refusal(reader), "refused: the end of the object")?)
}

fn read_range(reader: &mut (impl Read + Seek)) -> io::Result<[u8; RANGE]> {
    let mut range = [0; RANGE];
    reader.seek(SeekFrom::Start(FROM as u64))?;
    reader.read_exact(&mut range)?;
    Ok(range)
}

/// The answer in the words of [`crate::try_key`].
fn in_words(unwrapped: &Result<DataKey, AccessError>) -> String {
    match unwrapped {
        Ok(_) => OPENS.to_owned(),
        Err(AccessError::Decapsulate { source }) => why_not(source),
        Err(other) => other.to_string(),
    }
}

/// The kind of refusal that the reader's error carries.
fn refusal<T>(outcome: io::Result<T>) -> String {
    let Err(error) = outcome else {
        return "accepted".to_owned();
    };
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(PayloadError::SegmentMismatch { index }) => format!("refused: segment {index}"),
        Some(PayloadError::EndMismatch { .. }) => "refused: the end of the object".to_owned(),
        _ => error.to_string(),
    }
}
