//! Several access headers over one payload, and how a reader makes the next.

use std::io::{Cursor, Read, Write};

use ark_ec::CurveGroup;
use medshare_abe::access::{AccessHeader, KeyFactors};
use medshare_abe::payload::{self, PayloadReader, PayloadWriter, Preamble};
use medshare_abe::{
    AccessError, DataKey, Date, DecapsulateError, Header, SharedSecret, UserSecretKey, Validity,
    encapsulate_dated,
};
use medshare_curve::pairing;
use medshare_types::hash::digest;
use medshare_types::{FactorSet, GateLabel};

use crate::common::{RawHeader, RawKey, Setting, policy, record, rng};

/// An access header, and the gate's factor of its label.
struct Access {
    header: AccessHeader,
    gate: [u8; 32],
}

impl Access {
    /// Context, encapsulation, label, header.
    fn seal(
        setting: &Setting,
        day: u16,
        text: &str,
        preamble: &Preamble,
        data_key: &DataKey,
    ) -> Self {
        let context = record::context(FactorSet::ABE_AND_GATE, day, preamble);
        let (aad, date) = (context.digest(), Date::from_days(day));
        let (policy, rng) = (policy(text), &mut rng(day.into()));
        let (abe, secret) =
            encapsulate_dated(&setting.parameters, &policy, date, aad.as_ref(), rng);
        let label = record::label(context, &abe);
        // The gate's factor differs from label to label.
        let gate = *digest("test", &[label.digest().as_ref()]).as_bytes();
        let factors = KeyFactors::new(&secret).with_gate(&gate);
        let header = AccessHeader::seal(abe, label, &factors, data_key).expect("fits");
        Self { header, gate }
    }

    /// What a reader does, by lazy or by strict decapsulation.
    fn open(
        &self,
        setting: &Setting,
        preamble: &Preamble,
        key: &UserSecretKey,
        strict: bool,
    ) -> Result<DataKey, Refusal> {
        // From the chain, in earnest.
        let (on_chain, label) = (self.header.digest(), self.header.label().clone());
        let verified = self.header.verify(&on_chain, &label, preamble)?;
        let secret: SharedSecret = if strict {
            verified.decapsulate_strict(&setting.parameters, key)?
        } else {
            verified.decapsulate(&setting.parameters, key)?
        };
        Ok(verified.open(&KeyFactors::new(&secret).with_gate(&self.gate))?)
    }
}

#[derive(Debug, PartialEq)]
enum Refusal {
    Access(AccessError),
    Decapsulate(DecapsulateError),
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

impl From<DecapsulateError> for Refusal {
    fn from(error: DecapsulateError) -> Self {
        Self::Decapsulate(error)
    }
}

#[test]
fn a_reader_lets_others_in_and_nobody_is_put_out() {
    let setting = Setting::new();
    let (data_key, preamble, sealer) = payload::create(&mut rng(3));
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    writer.write_all(b"the letter").expect("memory");
    let (object, tree) = writer.finish().expect("memory");
    let first = Access::seal(&setting, 20_000, "a", &preamble, &data_key);
    drop(data_key);

    let [reader, other] = ["a", "b"].map(|held| setting.key(held, Validity::ALWAYS));
    let data_key = first
        .open(&setting, &preamble, &reader, true)
        .expect("a reader");
    let second = Access::seal(&setting, 20_005, "b", &preamble, &data_key);

    // The other reads the payload as it is.
    let opened = second
        .open(&setting, &preamble, &other, false)
        .expect("let in");
    assert_eq!(opened.as_bytes(), data_key.as_bytes());
    let payload = PayloadReader::new(Cursor::new(object), &opened, &preamble, tree);
    let mut text = String::new();
    let read = payload.and_then(|mut payload| payload.read_to_string(&mut text));
    assert_eq!((read.expect("good"), text.as_str()), (10, "the letter"));

    // Each by his own header, and the first still by the old one.
    let refused = |access: &Access, key| {
        let refused = access.open(&setting, &preamble, key, false);
        matches!(
            refused,
            Err(Refusal::Decapsulate(
                DecapsulateError::PolicyUnsatisfied { .. }
            ))
        )
    };
    assert!(refused(&first, &other) && refused(&second, &reader));
    assert!(first.open(&setting, &preamble, &reader, false).is_ok());
}

/// Nothing of one header serves in another.
#[test]
fn headers_of_one_payload_share_only_the_data_key() {
    let setting = Setting::new();
    let (data_key, preamble, _) = payload::create(&mut rng(3));
    let first = Access::seal(&setting, 20_000, "a", &preamble, &data_key);
    let second = Access::seal(&setting, 20_001, "a", &preamble, &data_key);
    let reader = setting.key("a", Validity::ALWAYS);
    let [one, two] = [&first, &second].map(|access| access.header.to_bytes());
    assert_eq!(one.len(), two.len());
    assert_ne!(one[one.len() - 32..], two[two.len() - 32..]);
    let mixed = [&one[..one.len() - 32], &two[two.len() - 32..]].concat();
    let mixed = Access {
        header: AccessHeader::from_bytes(&mixed).expect("well formed"),
        gate: first.gate,
    };
    let refused = mixed.open(&setting, &preamble, &reader, false);
    assert_eq!(
        refused.map(drop),
        Err(Refusal::Access(AccessError::WrongKey))
    );
    let other_gate = Access {
        gate: second.gate,
        ..first
    };
    let refused = other_gate.open(&setting, &preamble, &reader, false);
    assert_eq!(
        refused.map(drop),
        Err(Refusal::Access(AccessError::WrongKey))
    );
}

/// A header of which one row is not what an honest sealer makes opens to keys that do not read that
/// row. Who re-encapsulates notices.
#[test]
fn a_header_that_some_of_the_entitled_cannot_open_is_noticed() {
    let setting = Setting::new();
    let (data_key, preamble, _) = payload::create(&mut rng(3));
    let honest = Access::seal(&setting, 20_000, "a or b", &preamble, &data_key);
    let label = honest.header.label().clone();
    let aad = label.context.digest();
    let lucky = setting.key("a", Validity::ALWAYS);
    let (raw, key) = (RawHeader::of(honest.header.abe()), RawKey::of(&lucky));
    // The rows of a, of b, and of the day's prefixes; this key is for every day, by the empty one.
    let parts = (key.parts["a"] + key.days[0]).into_affine();
    let rows = -(raw.c3[0] + raw.c3[2]).into_affine();
    let masking = pairing::multi_pairing(&[(key.k1, raw.c1), (parts, raw.c2[0]), (rows, key.k3)]);
    let bytes = honest.header.abe().to_bytes();
    let [row_of_a, row_of_b] = [19, 18].map(|from_end| bytes.len() - 32 - from_end * 48);
    let abe = raw.resealed(&masking, row_of_b, &bytes[row_of_a..row_of_b]);
    let abe = Header::from_bytes(&abe).expect("well formed");
    let secret = RawHeader::of(&abe).key_from(&masking, aad.as_ref());
    let secret = SharedSecret::from_bytes(secret.into());
    let label = GateLabel {
        abe: abe.digest(),
        ..label
    };
    let factors = KeyFactors::new(&secret).with_gate(&honest.gate);
    let spoiled = Access {
        header: AccessHeader::seal(abe, label, &factors, &data_key).expect("fits"),
        gate: honest.gate,
    };
    assert!(spoiled.open(&setting, &preamble, &lucky, false).is_ok());
    let unlucky = spoiled.open(
        &setting,
        &preamble,
        &setting.key("b", Validity::ALWAYS),
        false,
    );
    assert_eq!(
        unlucky.map(drop),
        Err(Refusal::Access(AccessError::WrongKey))
    );
    let strict = spoiled.open(&setting, &preamble, &lucky, true);
    assert_eq!(
        strict.map(drop),
        Err(Refusal::Decapsulate(DecapsulateError::Rejected))
    );
}
