//! Several access headers over one payload, and how a reader makes the next.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use ark_ec::CurveGroup;
use common::{RawHeader, RawKey, attributes, policy, rng};
use medshare_abe::access::{AccessHeader, KeyFactors};
use medshare_abe::payload::{self, PayloadReader, PayloadWriter, Preamble};
use medshare_abe::{
    AccessError, DataKey, Date, DecapsulateError, Header, MasterSecretKey, PublicParameters,
    SharedSecret, UserSecretKey, Validity, encapsulate_dated,
};
use medshare_curve::pairing;
use medshare_types::hash::digest;
use medshare_types::{
    AccessClass, ChainId, FactorSet, G2Bytes, GateKeyId, GateLabel, OrganisationId, RecordContext,
    RecordId, RecordVersion, SealingDate, Timestamp, Wire,
};
use std::io::{Cursor, Read, Write};

struct Authority {
    parameters: PublicParameters,
    master: MasterSecretKey,
}

/// An access header, and the gate's factor of its label.
struct Access {
    header: AccessHeader,
    gate: [u8; 32],
}

impl Authority {
    fn new() -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
        Self { parameters, master }
    }

    fn key(&self, held: &str) -> UserSecretKey {
        let set = attributes(held);
        // Each has randomness of its own, or what they reject would come out the same.
        let rng = &mut rng(held.bytes().map(u64::from).sum());
        let key = self
            .master
            .issue(&self.parameters, &set, Validity::ALWAYS, rng);
        key.expect("a key")
    }

    /// Context, encapsulation, label, header.
    fn seal(&self, day: u16, text: &str, preamble: &Preamble, data_key: &DataKey) -> Access {
        let context = RecordContext {
            chain: ChainId::from_digest(digest("test", &[b"chain"])),
            record: RecordId::from_digest(digest("test", &[b"record"])),
            version: RecordVersion(1),
            owner: OrganisationId::from_digest(digest("test", &[b"owner"])),
            class: AccessClass::Normal,
            factors: FactorSet::ABE_AND_GATE,
            sealed_on: SealingDate(day),
            preamble: preamble.digest(),
        };
        let (aad, date) = (context.digest(), Date::from_days(day));
        let (policy, rng) = (policy(text), &mut rng(day.into()));
        let (abe, secret) = encapsulate_dated(&self.parameters, &policy, date, aad.as_ref(), rng);
        let label = GateLabel {
            key: GateKeyId::from_digest(digest("test", &[b"gate key"])),
            context,
            abe: abe.digest(),
            floor: Timestamp::from_millis(0),
            ceiling: Timestamp::MAX,
            u: G2Bytes([1; 96]),
        };
        // The gate's factor differs from label to label.
        let gate = *digest("test", &[label.digest().as_ref()]).as_bytes();
        let factors = KeyFactors::new(&secret).with_gate(&gate);
        let header = AccessHeader::seal(abe, label, &factors, data_key).expect("fits");
        Access { header, gate }
    }

    /// What a reader does, by lazy or by strict decapsulation.
    fn open(
        &self,
        access: &Access,
        preamble: &Preamble,
        key: &UserSecretKey,
        strict: bool,
    ) -> Result<DataKey, Refusal> {
        let header = &access.header;
        // From the chain, in earnest.
        let (on_chain, label) = (header.digest(), header.label().clone());
        let verified = header.verify(&on_chain, &label, preamble)?;
        let secret: SharedSecret = if strict {
            verified.decapsulate_strict(&self.parameters, key)?
        } else {
            verified.decapsulate(&self.parameters, key)?
        };
        Ok(verified.open(&KeyFactors::new(&secret).with_gate(&access.gate))?)
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
    let authority = Authority::new();
    let (data_key, preamble, sealer) = payload::create(&mut rng(3));
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    writer.write_all(b"the letter").expect("memory");
    let (object, tree) = writer.finish().expect("memory");
    let first = authority.seal(20_000, "a", &preamble, &data_key);
    drop(data_key);

    let [reader, other] = ["a", "b"].map(|held| authority.key(held));
    let data_key = authority
        .open(&first, &preamble, &reader, true)
        .expect("a reader");
    let second = authority.seal(20_005, "b", &preamble, &data_key);

    // The other reads the payload as it is.
    let opened = authority
        .open(&second, &preamble, &other, false)
        .expect("let in");
    assert_eq!(opened.as_bytes(), data_key.as_bytes());
    let payload = PayloadReader::new(Cursor::new(object), &opened, &preamble, tree);
    let mut text = String::new();
    let read = payload.and_then(|mut payload| payload.read_to_string(&mut text));
    assert_eq!((read.expect("good"), text.as_str()), (10, "the letter"));

    // Each by his own header, and the first still by the old one.
    let refused = |access, key| {
        let refused = authority.open(access, &preamble, key, false);
        matches!(
            refused,
            Err(Refusal::Decapsulate(
                DecapsulateError::PolicyUnsatisfied { .. }
            ))
        )
    };
    assert!(refused(&first, &other) && refused(&second, &reader));
    assert!(authority.open(&first, &preamble, &reader, false).is_ok());
}

/// Nothing of one header serves in another.
#[test]
fn headers_of_one_payload_share_only_the_data_key() {
    let authority = Authority::new();
    let (data_key, preamble, _) = payload::create(&mut rng(3));
    let first = authority.seal(20_000, "a", &preamble, &data_key);
    let second = authority.seal(20_001, "a", &preamble, &data_key);
    let reader = authority.key("a");
    let [one, two] = [&first, &second].map(|access| access.header.to_wire());
    assert_eq!(one.len(), two.len());
    assert_ne!(one[one.len() - 32..], two[two.len() - 32..]);
    let mixed = [&one[..one.len() - 32], &two[two.len() - 32..]].concat();
    let mixed = Access {
        header: AccessHeader::from_wire(&mixed).expect("well formed"),
        gate: first.gate,
    };
    let refused = authority.open(&mixed, &preamble, &reader, false);
    assert_eq!(
        refused.map(drop),
        Err(Refusal::Access(AccessError::WrongKey))
    );
    let other_gate = Access {
        gate: second.gate,
        ..first
    };
    let refused = authority.open(&other_gate, &preamble, &reader, false);
    assert_eq!(
        refused.map(drop),
        Err(Refusal::Access(AccessError::WrongKey))
    );
}

/// A header of which one row is not what an honest sealer makes opens to whoever does not read that
/// row. Who re-encapsulates notices.
#[test]
fn a_header_that_some_of_the_entitled_cannot_open_is_noticed() {
    let authority = Authority::new();
    let (data_key, preamble, _) = payload::create(&mut rng(3));
    let honest = authority.seal(20_000, "a or b", &preamble, &data_key);
    let label = honest.header.label().clone();
    let aad = label.context.digest();
    let lucky = authority.key("a");
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
    assert!(authority.open(&spoiled, &preamble, &lucky, false).is_ok());
    let unlucky = authority.open(&spoiled, &preamble, &authority.key("b"), false);
    assert_eq!(
        unlucky.map(drop),
        Err(Refusal::Access(AccessError::WrongKey))
    );
    let strict = authority.open(&spoiled, &preamble, &lucky, true);
    assert_eq!(
        strict.map(drop),
        Err(Refusal::Decapsulate(DecapsulateError::Rejected))
    );
}
