//! The contents of a finished run's folder, read without the SDK, and a second implementation of the
//! gate's formulas on bare points.

use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_abe::access::{KeyFactors, VerifiedAccess};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{ContentTree, Preamble, SegmentOpener};
use medshare_abe::{
    AccessError, AccessHeader, DataKey, DecapsulateError, PublicParameters, SharedSecret,
    UserSecretKey,
};
use medshare_contract::state::RecordState;
use medshare_contract::{genesis_state, keys};
use medshare_curve::encoding::{decode_g2, decode_scalar, encode_gt};
use medshare_curve::hash::hash_to_g1;
use medshare_curve::mul::{mul_public, sum_of_products};
use medshare_curve::pairing::{g2, pairing, product_is_one};
use medshare_curve::scalar::lagrange_at_zero;
use medshare_curve::{G1Affine, G2Affine, Scalar};
use medshare_ledger::LedgerStore;
use medshare_sdk::RecordRef;
use medshare_types::hash::Xof;
use medshare_types::{
    AccessClass, Digest, GateKey, GateLabel, Genesis, Height, OrganisationId, Wire, wire,
};

use crate::support::files_under;

/// The public data: the chain as every ledger has it, and the record's objects.
pub(crate) struct Loot {
    pub(crate) parameters: PublicParameters,
    pub(crate) gate_key: GateKey,
    pub(crate) header: AccessHeader,
    pub(crate) preamble: Preamble,
    /// Every block, receipt and known state value of each ledger, as bytes.
    pub(crate) ledgers: Vec<Vec<u8>>,
    record: RecordState,
    tree: Vec<u8>,
    payload: Vec<u8>,
    descriptor: SealedDescriptor,
}

/// The object beside a payload, as the SDK writes it.
#[derive(BorshSerialize, BorshDeserialize)]
struct SegmentsObject {
    preamble: Vec<u8>,
    tree: Vec<u8>,
}

impl Wire for SegmentsObject {
    const KIND: [u8; 4] = *b"mSEG";
}

/// K_gate as the attacker computed it.
pub(crate) struct GateFactor {
    pub(crate) bytes: [u8; 32],
    /// Whether e(d, g2) = e(Q, Y), that is d = x·Q.
    pub(crate) is_right: bool,
}

/// x_i of a holder.
pub(crate) struct HolderSecret {
    /// The holder's number, from 1.
    pub(crate) number: u64,
    pub(crate) scalar: Scalar,
}

impl HolderSecret {
    /// Parses a stored share: envelope (6) ‖ key id (32) ‖ generation u32le ‖ organisation (32) ‖
    /// x_i (32).
    pub(crate) fn parse(stored: &[u8], key: &GateKey) -> Self {
        assert_eq!(stored.len(), 6 + 32 + 4 + 32 + 32);
        assert_eq!(stored[6..38], *key.id.as_ref());
        let holder: OrganisationId = wire::from_borsh(&stored[42..74]).unwrap();
        let index = key.holders.iter().position(|h| h.organisation == holder);
        let secret = <&[u8; 32]>::try_from(&stored[74..]).unwrap();
        Self {
            number: index.unwrap() as u64 + 1,
            scalar: decode_scalar(secret).unwrap(),
        }
    }
}

impl Loot {
    /// Reads every member's ledger and store under `root`.
    pub(crate) fn take(root: &Path, members: &[&str], record: RecordRef) -> Self {
        let anchor = std::fs::read(root.join("trust-anchor")).unwrap();
        let genesis = Genesis::from_wire(&anchor).unwrap();
        let state = genesis_state(&genesis).unwrap();
        let mut ledgers = Vec::new();
        let mut found: Option<(RecordState, GateKey)> = None;
        for member in members {
            let path = root.join("members").join(member).join("ledger.redb");
            let ledger = LedgerStore::open(path, &genesis, &state).unwrap();
            let read = |key: &Digest| ledger.get(key).unwrap().unwrap();
            let on_chain = read(&keys::record(&record.id, record.version));
            let key = read(&keys::gate_key(AccessClass::Normal));
            let values = (
                RecordState::from_wire(&on_chain).unwrap(),
                GateKey::from_wire(&key).unwrap(),
            );
            let all_alike = found.get_or_insert_with(|| values.clone());
            assert_eq!(*all_alike, values, "{member}");
            ledgers.push(dump(&ledger, &[on_chain, key]));
        }
        let (record_state, gate_key) = found.unwrap();
        let object = |name| stored_alike(root, record, name);
        let segments = SegmentsObject::from_wire(&object("segments")).unwrap();
        Self {
            parameters: PublicParameters::from_bytes(&genesis.authority.parameters).unwrap(),
            gate_key,
            header: AccessHeader::from_wire(&object("access")).unwrap(),
            preamble: Preamble::from_bytes(&segments.preamble).unwrap(),
            ledgers,
            record: record_state,
            tree: segments.tree,
            payload: object("payload"),
            descriptor: SealedDescriptor::from_wire(&object("descriptor")).unwrap(),
        }
    }

    pub(crate) fn record_label(&self) -> &GateLabel {
        &self.record.labels[0].label
    }

    pub(crate) fn access(&self) -> VerifiedAccess<'_> {
        let sealed = &self.record.labels[0];
        let verified = self
            .header
            .verify(&sealed.header, &sealed.label, &self.preamble);
        verified.unwrap()
    }

    pub(crate) fn decapsulate(
        &self,
        key: &UserSecretKey,
    ) -> Result<SharedSecret, DecapsulateError> {
        self.access().decapsulate(&self.parameters, key)
    }

    /// W, the last field of the header.
    pub(crate) fn wrapped(&self) -> [u8; 32] {
        let bytes = self.header.to_wire();
        bytes[bytes.len() - 32..].try_into().unwrap()
    }

    /// Q, U and Y of the label and the gate key.
    pub(crate) fn gate_points(&self) -> (G1Affine, G2Affine, G2Affine) {
        const DST: &[u8] = b"medshare/threshold/gate-label/v1/BLS12381G1_XMD:SHA-256_SSWU_RO_";
        let label = self.record_label();
        let q = hash_to_g1(DST, &label.to_wire());
        let u = decode_g2(&label.u).unwrap();
        (q, u, decode_g2(&self.gate_key.public).unwrap())
    }

    /// d = Σ λ_i·x_i·Q, then K_gate = XOF(tag ‖ e(d, U) ‖ H(L)).
    pub(crate) fn gate_factor(&self, shares: &[HolderSecret]) -> GateFactor {
        let (q, u, y) = self.gate_points();
        let numbers: Vec<u64> = shares.iter().map(|share| share.number).collect();
        let points: Vec<_> = shares
            .iter()
            .map(|share| G1Affine::from(mul_public(&q, &share.scalar)))
            .collect();
        let d = G1Affine::from(sum_of_products(&points, &lagrange_at_zero(&numbers)));
        GateFactor {
            bytes: self.factor_of_pairing(&d, &u),
            is_right: product_is_one(&[(d, g2()), (-q, y)]),
        }
    }

    pub(crate) fn factor_of_pairing(&self, p: &G1Affine, r: &G2Affine) -> [u8; 32] {
        let value = encode_gt(&pairing(p, r));
        let label = self.record_label().digest();
        let fields: [&[u8]; 2] = [&value, label.as_ref()];
        Xof::new("medshare/threshold/gate-factor/v1", &fields).take()
    }

    /// Asserts that neither the checked operation nor the bare formula gives the payload's key, and
    /// that the key from the formula opens no segment.
    pub(crate) fn assert_shut(&self, secret: &SharedSecret, gate: &[u8; 32]) {
        let factors = KeyFactors::new(secret).with_gate(gate);
        let opened = self.access().open(&factors);
        assert!(matches!(opened, Err(AccessError::WrongKey)));
        let forced = factors.unwrap(&self.record_label().digest(), &self.wrapped());
        assert!(self.opener(&forced).is_none());
    }

    pub(crate) fn open_payload(&self, data_key: &DataKey) -> Vec<u8> {
        let opener = self.opener(data_key).unwrap();
        let layout = opener.layout();
        let mut content = Vec::new();
        for index in 0..layout.segment_count() {
            let range = layout.segment_range(index).unwrap();
            let mut sealed = self.payload[range.start as usize..range.end as usize].to_vec();
            content.extend_from_slice(opener.open_in_place(index, &mut sealed).unwrap());
        }
        content
    }

    fn opener(&self, data_key: &DataKey) -> Option<SegmentOpener> {
        let tree = ContentTree::from_bytes(&self.tree, &self.record.content_root).unwrap();
        SegmentOpener::new(data_key, &self.preamble, tree, self.payload.len() as u64).ok()
    }

    pub(crate) fn open_descriptor(&self, secret: &SharedSecret) -> Vec<u8> {
        let opened = self.descriptor.open(secret, &self.record.preamble);
        opened.unwrap().to_vec()
    }
}

/// One of a record's objects, the same in every store that has it.
fn stored_alike(root: &Path, record: RecordRef, object: &str) -> Vec<u8> {
    let folder = Path::new("records").join(record.id.digest().to_string());
    let folder = folder.join(record.version.to_string());
    let of_record = |file: &Path| {
        // records/<id>/<version>/<H(P)>/<object>
        let version = file.parent().and_then(Path::parent);
        file.ends_with(object) && version.is_some_and(|version| version.ends_with(&folder))
    };
    let copies: Vec<_> = files_under(root)
        .into_iter()
        .filter(|file| of_record(file))
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    assert_eq!(copies.len(), 2, "{object}");
    assert_eq!(copies[0], copies[1], "{object}");
    copies.into_iter().next().unwrap()
}

fn dump(ledger: &LedgerStore, values: &[Vec<u8>]) -> Vec<u8> {
    let mut out = values.concat();
    for height in (1..=ledger.height().unwrap().0).map(Height) {
        out.extend(wire::to_borsh(&ledger.block(height).unwrap()));
        out.extend(wire::to_borsh(&ledger.receipts(height).unwrap()));
    }
    out
}

/// The first file under `root` that holds one of the needles, and the offset. Needles have at least
/// 8 bytes.
pub(crate) fn find(root: &Path, needles: &[Vec<u8>]) -> Option<(PathBuf, usize)> {
    let mut sorted: Vec<&[u8]> = needles.iter().map(Vec::as_slice).collect();
    assert!(sorted.iter().all(|needle| needle.len() >= 8));
    sorted.sort_unstable();
    let mut begins = vec![false; 1 << 16];
    let pair = |bytes: &[u8]| usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    sorted.iter().for_each(|needle| begins[pair(needle)] = true);
    files_under(root).into_iter().find_map(|file| {
        let bytes = std::fs::read(&file).unwrap();
        let offset = (0..bytes.len().saturating_sub(7)).find(|&at| {
            let rest = &bytes[at..];
            begins[pair(rest)] && {
                let from = sorted.partition_point(|needle| needle[..2] < rest[..2]);
                sorted[from..]
                    .iter()
                    .take_while(|needle| needle[..2] == rest[..2])
                    .any(|needle| rest.starts_with(needle))
            }
        });
        offset.map(|offset| (file, offset))
    })
}

/// The offsets of `needle` in `bytes`.
pub(crate) fn windows_of(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(needle.len()).enumerate();
    windows
        .filter(|(_, window)| *window == needle)
        .map(|(offset, _)| offset)
        .collect()
}
