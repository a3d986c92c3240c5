//! Payloads, wrapped keys, an access header, a descriptor, an encrypted master key.

use std::io::Read;

use medshare_policy::Date;
use medshare_types::hash::digest;
use medshare_types::{
    AccessClass, ChainId, Digest, FactorSet, G2Bytes, GateKeyId, GateLabel, OrganisationId,
    RecordContext, RecordId, RecordVersion, SealingDate, Timestamp, Wire,
};
use serde::Serialize;

use super::scheme::Setting;
use super::{Replay, hex};
use crate::access::{AccessHeader, KeyFactors};
use crate::descriptor::SealedDescriptor;
use crate::scheme::encapsulate::{encapsulate, encapsulate_dated};
use crate::storage::PassphraseCost;
use crate::wrapped::{Binding, WrappedKey};
use crate::wrapping::factors::FactorId;
use medshare_payload::{
    self as payload, DataKey, Padding, Preamble, SEGMENT_LEN, TAG_LEN, segment_digest,
};

#[derive(Serialize)]
pub(super) struct PayloadVectors {
    payloads: Vec<PayloadVector>,
    access: AccessVector,
    wrapped_key: WrappedKeyVector,
    encrypted_key: EncryptedKeyVector,
}

/// Byte i of the content is i mod 251.
#[derive(Serialize)]
struct PayloadVector {
    length: usize,
    padded_length: u64,
    data_key: String,
    preamble: String,
    preamble_digest: String,
    segments: Vec<SegmentVector>,
    content_root: String,
    tree: String,
}

#[derive(Serialize)]
struct SegmentVector {
    sealed_length: usize,
    /// The end of it: the tag.
    tag: String,
    leaf: String,
    audit_path: String,
}

/// Over the first payload.
#[derive(Serialize)]
struct AccessVector {
    policy: &'static str,
    context_digest: String,
    m: String,
    header: String,
    secret: String,
    gate: String,
    label: String,
    label_digest: String,
    /// W under both factors, with H(L).
    wrapped: String,
    access_header: String,
    access_header_digest: String,
    descriptor_message: String,
    descriptor: String,
}

/// Over the first payload.
#[derive(Serialize)]
struct WrappedKeyVector {
    policy: &'static str,
    context: String,
    context_digest: String,
    m: String,
    secret: String,
    /// The factor with the bit 8.
    factor: String,
    binding_digest: String,
    bytes: String,
    digest: String,
}

#[derive(Serialize)]
struct EncryptedKeyVector {
    passphrase: &'static str,
    memory_kib: u32,
    passes: u32,
    bytes: String,
}

const GATE: [u8; 32] = [0x6a; 32];
const FACTOR: [u8; 32] = [0x51; 32];
const DAY: u16 = 20_781;

pub(super) fn vectors(setting: &Setting) -> PayloadVectors {
    let lengths = [18, 0, SEGMENT_LEN, SEGMENT_LEN + 5, 2 * SEGMENT_LEN + 1];
    let made = lengths.map(|length| payload(length, Padding::None));
    let padded = [18, SEGMENT_LEN - 3].map(|length| payload(length, Padding::Padme));
    let (_, data_key, preamble) = &made[0];
    PayloadVectors {
        access: access(setting, data_key, preamble),
        wrapped_key: wrapped_key(setting, data_key, preamble),
        payloads: made
            .into_iter()
            .chain(padded)
            .map(|(vector, ..)| vector)
            .collect(),
        encrypted_key: encrypted_key(setting),
    }
}

fn payload(length: usize, padding: Padding) -> (PayloadVector, DataKey, Preamble) {
    let mut rng = Replay::new(&format!("payload/{length}"));
    let (data_key, preamble, mut sealer) = payload::create_padded(padding, &mut rng);
    let mut plaintext: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
    let mut tail = padding.tail(length as u64).unwrap();
    tail.read_to_end(&mut plaintext).unwrap();
    // The empty payload has one segment too.
    let chunks: Vec<&[u8]> = match plaintext.len() {
        0 => vec![&[]],
        _ => plaintext.chunks(SEGMENT_LEN).collect(),
    };
    let mut segments = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        let mut buffer = [chunk, &[0; TAG_LEN][..]].concat();
        let last = index + 1 == chunks.len();
        sealer.seal_in_place(&mut buffer, last).unwrap();
        segments.push(SegmentVector {
            sealed_length: buffer.len(),
            tag: hex(&buffer[chunk.len()..]),
            leaf: hex(segment_digest(index as u32, &buffer)),
            audit_path: String::new(),
        });
    }
    let tree = sealer.finish().unwrap();
    for (index, segment) in (0..).zip(&mut segments) {
        segment.audit_path = hex(tree.audit_path(index).unwrap().to_bytes());
    }
    let vector = PayloadVector {
        length,
        padded_length: padding.padded_len(length as u64).unwrap(),
        data_key: hex(data_key.as_bytes()),
        preamble: hex(preamble.to_bytes()),
        preamble_digest: hex(preamble.digest()),
        segments,
        content_root: hex(tree.root()),
        tree: hex(tree.to_bytes()),
    };
    (vector, data_key, preamble)
}

fn wrapped_key(setting: &Setting, data_key: &DataKey, preamble: &Preamble) -> WrappedKeyVector {
    let (policy, context) = ("role:nurse or role:auditor", b"study 7, patient 12");
    let binding = Binding::new(preamble, context).with_factor(FactorId::OWN[1], &FACTOR);
    let mut rng = Replay::new("wrapped key");
    let parsed = policy.parse().unwrap();
    let parameters = &setting.parameters;
    let wrapped = WrappedKey::seal(parameters, &parsed, &binding, data_key, &mut rng).unwrap();
    // The same once more, to show what stands in between.
    let aad = binding.context_digest();
    let mut again = Replay::new("wrapped key");
    let (abe, secret) = encapsulate(parameters, &parsed, aad.as_ref(), &mut again);
    assert_eq!(&abe, wrapped.abe());
    WrappedKeyVector {
        policy,
        context: hex(context),
        context_digest: hex(aad),
        m: hex(rng.first::<32>()),
        secret: hex(secret.as_bytes()),
        factor: hex(FACTOR),
        binding_digest: hex(binding.digest_with(&abe)),
        bytes: hex(wrapped.to_bytes()),
        digest: hex(wrapped.digest()),
    }
}

fn access(setting: &Setting, data_key: &DataKey, preamble: &Preamble) -> AccessVector {
    let policy = "role:nurse";
    let context = RecordContext {
        chain: ChainId::from_digest(example("chain")),
        record: RecordId::from_digest(example("record")),
        version: RecordVersion(1),
        owner: OrganisationId::from_digest(example("owner")),
        class: AccessClass::Normal,
        factors: FactorSet::ABE_AND_GATE,
        sealed_on: SealingDate(DAY),
        preamble: preamble.digest(),
    };
    let day = Date::from_days(DAY);
    let aad = context.digest();
    let mut rng = Replay::new("access");
    let (header, secret) = encapsulate_dated(
        &setting.parameters,
        &policy.parse().unwrap(),
        day,
        aad.as_ref(),
        &mut rng,
    );
    let label = GateLabel {
        key: GateKeyId::from_digest(example("gate key")),
        context,
        abe: header.digest(),
        floor: Timestamp::from_millis(0),
        ceiling: Timestamp::MAX,
        u: G2Bytes([1; 96]),
    };
    let factors = KeyFactors::new(&secret).with_gate(&GATE);
    let message = b"a discharge letter";
    let descriptor = SealedDescriptor::seal(&secret, &preamble.digest(), message, &mut rng);
    let sealed = AccessHeader::seal(header.clone(), label.clone(), &factors, data_key).unwrap();
    AccessVector {
        policy,
        context_digest: hex(aad),
        m: hex(rng.first::<32>()),
        header: hex(header.to_bytes()),
        secret: hex(secret.as_bytes()),
        gate: hex(GATE),
        label: hex(label.to_wire()),
        label_digest: hex(label.digest()),
        wrapped: hex(factors.wrap(&label.digest(), data_key)),
        access_header: hex(sealed.to_bytes()),
        access_header_digest: hex(sealed.digest()),
        descriptor_message: hex(message),
        descriptor: hex(descriptor.unwrap().to_bytes()),
    }
}

fn encrypted_key(setting: &Setting) -> EncryptedKeyVector {
    let passphrase = "caf\u{e9} au lait";
    let cost = PassphraseCost::default();
    let mut rng = Replay::new("encrypted key");
    let bytes = setting.master.to_encrypted(passphrase, cost, &mut rng);
    EncryptedKeyVector {
        passphrase,
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        bytes: hex(bytes.unwrap()),
    }
}

fn example(what: &str) -> Digest {
    digest("medshare/abe/test-vectors/v0", &[what.as_bytes()])
}
