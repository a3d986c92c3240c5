//! Payloads, wrapped keys, an access header, a descriptor, an encrypted master key.

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
use crate::encapsulate::encapsulate_dated;
use crate::payload::{self, Preamble, SEGMENT_LEN, TAG_LEN, segment_digest};
use crate::secret::DataKey;
use crate::storage::PassphraseCost;
use crate::value::Date;

#[derive(Serialize)]
pub(super) struct PayloadVectors {
    payloads: Vec<PayloadVector>,
    access: AccessVector,
    encrypted_key: EncryptedKeyVector,
}

/// Byte i of the plaintext is i mod 251.
#[derive(Serialize)]
struct PayloadVector {
    length: usize,
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
}

/// Over the first payload.
#[derive(Serialize)]
struct AccessVector {
    policy: &'static str,
    context_digest: String,
    m: String,
    header: String,
    /// K_abe.
    secret: String,
    /// K_gate.
    gate: String,
    label: String,
    label_digest: String,
    /// W under both factors, with H(L).
    wrapped: String,
    /// W under K_abe alone, with H(hdr).
    wrapped_by_attributes: String,
    access_header: String,
    access_header_digest: String,
    descriptor_message: String,
    descriptor: String,
}

#[derive(Serialize)]
struct EncryptedKeyVector {
    passphrase: &'static str,
    memory_kib: u32,
    passes: u32,
    bytes: String,
}

const GATE: [u8; 32] = [0x6a; 32];
const DAY: u16 = 20_781;

pub(super) fn vectors(setting: &Setting) -> PayloadVectors {
    let lengths = [18, 0, SEGMENT_LEN, SEGMENT_LEN + 5, 2 * SEGMENT_LEN + 1];
    let made = lengths.map(payload);
    let (_, data_key, preamble) = &made[0];
    PayloadVectors {
        access: access(setting, data_key, preamble),
        payloads: made.into_iter().map(|(vector, ..)| vector).collect(),
        encrypted_key: encrypted_key(setting),
    }
}

fn payload(length: usize) -> (PayloadVector, DataKey, Preamble) {
    let mut rng = Replay::new(&format!("payload/{length}"));
    let (data_key, preamble, mut sealer) = payload::create(&mut rng);
    let plaintext: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
    // The empty payload has one segment too.
    let chunks: Vec<&[u8]> = match length {
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
        });
    }
    let tree = sealer.finish().unwrap();
    let vector = PayloadVector {
        length,
        data_key: hex(data_key.as_bytes()),
        preamble: hex(preamble.to_bytes()),
        preamble_digest: hex(preamble.digest()),
        segments,
        content_root: hex(tree.root()),
        tree: hex(tree.to_bytes()),
    };
    (vector, data_key, preamble)
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
    let (day, aad) = (Date::from_days(DAY), context.digest());
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
    let alone = KeyFactors::new(&secret);
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
        wrapped_by_attributes: hex(alone.wrap(&header.digest(), data_key)),
        access_header: hex(sealed.to_wire()),
        access_header_digest: hex(sealed.digest()),
        descriptor_message: hex(message),
        descriptor: hex(descriptor.unwrap().to_wire()),
    }
}

fn encrypted_key(setting: &Setting) -> EncryptedKeyVector {
    let (passphrase, cost) = ("caf\u{e9} au lait", PassphraseCost::default());
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
