//! One payload, two wrapped keys, and a range of its bytes.

use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write};

use medshare_abe::payload::{self, PayloadReader, PayloadWriter};
use medshare_abe::{Binding, MasterSecretKey, Validity, WrappedKey};

use crate::Outcome;

const LENGTH: usize = 1 << 20;

pub(crate) fn show(out: &mut impl Write) -> Outcome {
    let rng = &mut rand::rng();
    writeln!(out, "\n# One payload, two policies\n")?;
    let (parameters, authority) = MasterSecretKey::setup(rng);
    let key_for = |attributes: &str| -> Result<_, Box<dyn std::error::Error>> {
        Ok(authority.issue(
            &parameters,
            &attributes.parse()?,
            Validity::ALWAYS,
            &mut rand::rng(),
        )?)
    };
    let cardiologist = key_for("role:cardiologist")?;
    let auditor = key_for("role:auditor")?;

    let content: Vec<u8> = (0..LENGTH).map(|i| (i % 251) as u8).collect();
    let (data_key, preamble, sealer) = payload::create(rng);
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    writer.write_all(&content)?;
    let (object, tree) = writer.finish()?;
    writeln!(out, "{LENGTH} bytes sealed to {}", object.len())?;

    let binding = Binding::new(&preamble, b"study 7, patient 12");
    let policy = "role:cardiologist".parse()?;
    let first = WrappedKey::seal(&parameters, &policy, &binding, &data_key, rng)?;
    // Who can open lets others in, without touching the payload.
    let policy = "role:auditor".parse()?;
    let second = first.reencapsulate(&parameters, &cardiologist, &binding, &policy, rng)?;
    if first.open(&parameters, &auditor, &binding).is_ok() {
        return Err("an auditor opened what is for cardiologists".into());
    }
    let data_key = second.open(&parameters, &auditor, &binding)?;
    writeln!(
        out,
        "Wrapped for role:cardiologist, then by a cardiologist for role:auditor too"
    )?;

    let mut reader = PayloadReader::new(Cursor::new(&object), &data_key, &preamble, tree)?;
    let (start, mut range) = (700_000, [0; 100]);
    reader.seek(SeekFrom::Start(start as u64))?;
    reader.read_exact(&mut range)?;
    if range != content[start..start + range.len()] {
        return Err("a range differs from what was sealed".into());
    }
    writeln!(
        out,
        "The auditor read bytes {start} to {}",
        start + range.len() - 1
    )?;

    let cut = &object[..object.len() - 65_552];
    match PayloadReader::without_root(Cursor::new(cut), &data_key, &preamble) {
        Err(refusal) => writeln!(out, "A segment less, and no list of digests: {refusal}")?,
        Ok(_) => return Err("a payload without its last segment was accepted".into()),
    }
    Ok(())
}
