//! The access header and the descriptor.

use medshare_abe::access::{AccessHeader, KeyFactors};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{self, Preamble};
use medshare_abe::{
    AccessError, DataKey, Date, DecapsulateError, SharedSecret, UserSecretKey, Validity,
    encapsulate, encapsulate_dated,
};
use medshare_types::{FactorSet, GateLabel, Timestamp, Wire};

use crate::common::{Setting, policy, record, rng};

const GATE: [u8; 32] = [0x6a; 32];

struct Record {
    setting: Setting,
    key: UserSecretKey,
    data_key: DataKey,
    preamble: Preamble,
    header: AccessHeader,
    label: GateLabel,
    secret: SharedSecret,
}

fn sealed(factors: FactorSet) -> Record {
    let setting = Setting::new();
    let (data_key, preamble, _) = payload::create(&mut rng(3));
    let context = record::context(factors, 20_000, &preamble);
    let (aad, date) = (context.digest(), Date::from_days(context.sealed_on.0));
    let (parameters, text) = (&setting.parameters, policy("a or b"));
    let (abe, secret) = encapsulate_dated(parameters, &text, date, aad.as_ref(), &mut rng(4));
    let label = record::label(context, &abe);
    let mut wrapping = KeyFactors::new(&secret);
    if factors == FactorSet::ABE_AND_GATE {
        wrapping = wrapping.with_gate(&GATE);
    }
    let header = AccessHeader::seal(abe, label.clone(), &wrapping, &data_key).expect("fits");
    Record {
        key: setting.key("a", Validity::ALWAYS),
        setting,
        data_key,
        preamble,
        header,
        label,
        secret,
    }
}

impl Record {
    fn open(&self, header: &AccessHeader, gate: &[u8; 32]) -> Result<[u8; 32], AccessError> {
        let verified = header.verify(&header.digest(), &self.label, &self.preamble)?;
        let secret = verified
            .decapsulate(&self.setting.parameters, &self.key)
            .expect("satisfied");
        let data_key = verified.open(&KeyFactors::new(&secret).with_gate(gate))?;
        Ok(*data_key.as_bytes())
    }
}

#[test]
fn attributes_and_gate_together_give_the_data_key() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let read = AccessHeader::from_bytes(&record.header.to_bytes()).expect("a header");
    assert_eq!(read, record.header);
    assert_eq!(record.open(&read, &GATE), Ok(*record.data_key.as_bytes()));
    assert_eq!(record.open(&read, &[0x6b; 32]), Err(AccessError::WrongKey));
    let verified = read
        .verify(&read.digest(), &record.label, &record.preamble)
        .expect("verified");
    let strict = verified.decapsulate_strict(&record.setting.parameters, &record.key);
    assert_eq!(strict.expect("honest").as_bytes(), record.secret.as_bytes());
}

#[test]
fn factors_are_exactly_those_of_the_label() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let verified = record
        .header
        .verify(&record.header.digest(), &record.label, &record.preamble);
    let alone = KeyFactors::new(&record.secret);
    let mismatch = AccessError::FactorMismatch {
        needed: FactorSet::ABE_AND_GATE,
        given: FactorSet(FactorSet::ABE),
    };
    let refused = verified
        .expect("verified")
        .open(&alone)
        .expect_err("one factor");
    assert_eq!(refused, mismatch);
    assert_eq!(refused.to_string(), "factors 0x01 given, 0x03 are needed");
    let abe = record.header.abe().clone();
    let sealed = AccessHeader::seal(abe, record.label.clone(), &alone, &record.data_key);
    assert_eq!(sealed, Err(mismatch));
}

#[test]
fn without_a_gate_attributes_alone_open() {
    let record = sealed(FactorSet(FactorSet::ABE));
    let digest = record.header.digest();
    let verified = record
        .header
        .verify(&digest, &record.label, &record.preamble);
    let verified = verified.expect("verified");
    let data_key = verified
        .open(&KeyFactors::new(&record.secret))
        .expect("one factor");
    assert_eq!(data_key.as_bytes(), record.data_key.as_bytes());
}

/// A header is bound to its label, its attribute-based header and its payload.
#[test]
fn a_header_of_one_record_is_none_of_another() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let digest = record.header.digest();
    let verify = |label: &GateLabel| {
        record
            .header
            .verify(&digest, label, &record.preamble)
            .map(|_| ())
    };
    let mut other = record.label.clone();
    other.ceiling = Timestamp::from_millis(5);
    assert_eq!(verify(&other), Err(AccessError::LabelMismatch));
    let wrong = record
        .header
        .verify(&record.label.digest(), &record.label, &record.preamble);
    assert_eq!(wrong.map(|_| ()), Err(AccessError::DigestMismatch));
    let (_, preamble, _) = payload::create(&mut rng(9));
    let wrong = record.header.verify(&digest, &record.label, &preamble);
    assert_eq!(wrong.map(|_| ()), Err(AccessError::PreambleMismatch));

    // The attribute-based header of another record under this label.
    let aad = record.label.context.digest();
    let (foreign, _) = encapsulate_dated(
        &record.setting.parameters,
        &policy("a or b"),
        Date::from_days(record.label.context.sealed_on.0),
        aad.as_ref(),
        &mut rng(10),
    );
    let factors = KeyFactors::new(&record.secret).with_gate(&GATE);
    let sealed = AccessHeader::seal(
        foreign.clone(),
        record.label.clone(),
        &factors,
        &record.data_key,
    );
    assert_eq!(sealed, Err(AccessError::HeaderMismatch));
    let mut bytes = record.header.to_bytes();
    let foreign = &foreign.to_bytes()[6..];
    bytes[6..6 + foreign.len()].copy_from_slice(foreign);
    let glued = AccessHeader::from_bytes(&bytes).expect("well formed");
    let verified = glued.verify(&glued.digest(), &record.label, &record.preamble);
    assert_eq!(verified.map(|_| ()), Err(AccessError::HeaderMismatch));
}

#[test]
fn a_changed_byte_never_opens() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let bytes = record.header.to_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(header) = AccessHeader::from_bytes(&changed) else {
            continue;
        };
        assert_ne!(header.digest(), record.header.digest());
        assert!(record.open(&header, &GATE).is_err(), "byte {at}");
    }
    for end in 0..bytes.len() {
        assert!(AccessHeader::from_bytes(&bytes[..end]).is_err());
    }
    assert!(AccessHeader::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
}

/// A sealer who hands different readers different data keys is found out by the commitment.
#[test]
fn a_header_that_hands_out_another_key_is_refused() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let other = DataKey::from_bytes([1; 32].into());
    let factors = KeyFactors::new(&record.secret).with_gate(&GATE);
    let abe = record.header.abe().clone();
    let header = AccessHeader::seal(abe, record.label.clone(), &factors, &other).expect("fits");
    assert_eq!(record.open(&header, &GATE), Err(AccessError::WrongKey));
}

#[test]
fn the_descriptor_opens_to_attributes_alone_and_to_nothing_else() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let preamble = record.preamble.digest();
    let seal = |seed| {
        SealedDescriptor::seal(
            &record.secret,
            &preamble,
            b"ECG, 2026-03-01",
            &mut rng(seed),
        )
        .expect("short")
    };
    let sealed = seal(1);
    let read = SealedDescriptor::from_bytes(&sealed.to_bytes()).expect("a descriptor");
    assert_eq!(read, sealed);
    let digest = record.header.digest();
    let verified = record
        .header
        .verify(&digest, &record.label, &record.preamble);
    let secret = verified
        .expect("verified")
        .decapsulate(&record.setting.parameters, &record.key);
    let opened = read
        .open(&secret.expect("satisfied"), &preamble)
        .expect("the right key");
    assert_eq!(opened.as_slice(), b"ECG, 2026-03-01");
    // Sealed again, it has another nonce.
    assert_ne!(seal(2), sealed);

    let other = SharedSecret::from_bytes([0; 32].into());
    assert_eq!(
        read.open(&other, &preamble),
        Err(AccessError::DescriptorMismatch)
    );
    assert_eq!(
        read.open(&record.secret, &digest),
        Err(AccessError::DescriptorMismatch)
    );
    let bytes = sealed.to_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(changed) = SealedDescriptor::from_bytes(&changed) {
            assert_eq!(
                changed.open(&record.secret, &preamble),
                Err(AccessError::DescriptorMismatch),
                "byte {at}"
            );
            assert_ne!(changed.digest(), sealed.digest());
        }
    }
    let long = vec![0; 1 << 16];
    let refused = SealedDescriptor::seal(&record.secret, &preamble, &long, &mut rng(1));
    let expected = AccessError::DescriptorTooLong {
        length: 1 << 16,
        limit: (1 << 16) - 50,
    };
    assert_eq!(refused, Err(expected));
    let longest = &long[..(1 << 16) - 50];
    let sealed = SealedDescriptor::seal(&record.secret, &preamble, longest, &mut rng(1));
    assert!(SealedDescriptor::from_bytes(&sealed.expect("fits").to_bytes()).is_ok());
}

#[test]
fn those_without_attributes_are_told_what_is_missing() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let key = record.setting.key("c", Validity::ALWAYS);
    let digest = record.header.digest();
    let verified = record
        .header
        .verify(&digest, &record.label, &record.preamble);
    let refused = verified
        .expect("verified")
        .decapsulate(&record.setting.parameters, &key);
    assert!(matches!(
        refused.expect_err("not satisfied"),
        DecapsulateError::PolicyUnsatisfied { missing } if missing.len() == 1
    ));
}

/// A sealer who leaves the day out, so that every key opens, or names another than the chain knows.
#[test]
fn the_headers_day_is_the_labels() {
    let record = sealed(FactorSet::ABE_AND_GATE);
    let (parameters, policy, aad) = (
        &record.setting.parameters,
        policy("a or b"),
        record.label.context.digest(),
    );
    let day = Date::from_days(record.label.context.sealed_on.0 - 1);
    for (abe, secret) in [
        encapsulate(parameters, &policy, aad.as_ref(), &mut rng(6)),
        encapsulate_dated(parameters, &policy, day, aad.as_ref(), &mut rng(6)),
    ] {
        let mut label = record.label.clone();
        label.abe = abe.digest();
        let factors = KeyFactors::new(&secret).with_gate(&GATE);
        let sealed = AccessHeader::seal(abe.clone(), label.clone(), &factors, &record.data_key);
        assert_eq!(sealed, Err(AccessError::DateMismatch));
        // Put together by hand, as it would stand in an object store.
        let bytes = [
            &record.header.to_bytes()[..6],
            &abe.to_bytes()[6..],
            &label.to_wire()[6..],
            &factors.wrap(&label.digest(), &record.data_key),
        ]
        .concat();
        let forged = AccessHeader::from_bytes(&bytes).expect("an access header");
        let verified = forged.verify(&forged.digest(), &label, &record.preamble);
        assert_eq!(verified.map(|_| ()), Err(AccessError::DateMismatch));
    }
}
