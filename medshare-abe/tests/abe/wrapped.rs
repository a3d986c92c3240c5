//! The data key wrapped for a policy: alone, with factors of the caller's, several times.

use medshare_abe::payload::{self, Preamble};
use medshare_abe::{
    AccessError, Binding, DataKey, Date, DecapsulateError, FactorId, Header, KeyFactors,
    MasterSecretKey, SharedSecret, Validity, WrappedKey, decapsulate,
};
use medshare_types::hash::{Xof, digest};
use medshare_types::{DecodeError, FactorSet};

use crate::common::{RawHeader, RawKey, Setting, attributes, choices, policy, rng, snapshot};

const CONTEXT: &[u8] = b"study 7";

struct Payload {
    setting: Setting,
    data_key: DataKey,
    preamble: Preamble,
}

impl Payload {
    fn new() -> Self {
        let (data_key, preamble, _) = payload::create(&mut rng(2));
        Self {
            setting: Setting::new(),
            data_key,
            preamble,
        }
    }

    fn binding(&self) -> Binding<'_> {
        Binding::new(&self.preamble, CONTEXT)
    }

    fn seal(&self, seed: u64, text: &str, binding: &Binding<'_>) -> WrappedKey {
        let policy = policy(text);
        let rng = &mut rng(seed);
        let wrapped = WrappedKey::seal(
            &self.setting.parameters,
            &policy,
            binding,
            &self.data_key,
            rng,
        );
        wrapped.expect("its data key")
    }

    /// Whether what it opens to is the data key; both ways of opening agree.
    fn open(
        &self,
        wrapped: &WrappedKey,
        held: &str,
        binding: &Binding<'_>,
    ) -> Result<(), AccessError> {
        let key = self.setting.key(held, Validity::ALWAYS);
        let opened = wrapped.open(&self.setting.parameters, &key, binding);
        let strict = wrapped.open_strict(&self.setting.parameters, &key, binding);
        assert_eq!(opened.is_ok(), strict.is_ok());
        for opened in [opened?, strict?] {
            assert_eq!(opened.as_bytes(), self.data_key.as_bytes());
        }
        Ok(())
    }
}

fn unsatisfied(opened: &Result<(), AccessError>) -> bool {
    matches!(
        opened,
        Err(AccessError::Decapsulate {
            source: DecapsulateError::PolicyUnsatisfied { .. }
        })
    )
}

#[test]
fn attributes_alone_give_the_data_key() {
    let payload = Payload::new();
    let wrapped = payload.seal(4, "a and b", &payload.binding());
    let read = WrappedKey::from_bytes(&wrapped.to_bytes()).expect("a wrapped key");
    assert_eq!((&read, read.digest()), (&wrapped, wrapped.digest()));
    assert_eq!(read.factors(), FactorSet(FactorSet::ABE));
    assert_eq!(read.abe().policy(), &policy("a and b"));
    assert_eq!(payload.open(&read, "a, b", &payload.binding()), Ok(()));
    assert!(unsatisfied(&payload.open(&read, "a", &payload.binding())));
    let bytes = read.to_bytes().len();
    assert_eq!(bytes, read.abe().to_bytes().len() + 33);
}

/// Derived from the specification alone.
#[test]
fn the_derivation_is_the_specified_one() {
    let payload = Payload::new();
    let factor = [0x51; 32];
    let binding = payload.binding().with_factor(FactorId::OWN[1], &factor);
    let wrapped = payload.seal(4, "a", &binding);
    let bitmap = 0b1001;
    assert_eq!(wrapped.factors(), FactorSet(bitmap));
    let preamble = digest("medshare/abe/preamble/v1", &[&payload.preamble.to_bytes()]);
    let fields = [CONTEXT, &[bitmap], preamble.as_ref()];
    let context = digest("medshare/abe/wrapped-key-context/v1", &fields);
    let abe = digest("medshare/abe/header/v1", &[&wrapped.abe().to_bytes()]);
    let fields = [context.as_ref(), abe.as_ref()];
    let binding = digest("medshare/abe/wrapped-key-binding/v1", &fields);
    let key = payload.setting.key("a", Validity::ALWAYS);
    let secret = decapsulate(
        &payload.setting.parameters,
        wrapped.abe(),
        &key,
        context.as_ref(),
    );
    let secret = secret.expect("satisfied");
    let length = 32u64.to_le_bytes();
    let factors = [&[1][..], &length, secret.as_bytes(), &[8], &length, &factor].concat();
    let kek: [u8; 32] = Xof::new("medshare/abe/kek/v1", &[binding.as_ref(), &factors]).take();
    let pad: [u8; 32] = Xof::new("medshare/abe/wrap/v1", &[&kek]).take();
    let bytes = wrapped.to_bytes();
    let (_, stored) = bytes.split_last_chunk::<32>().expect("W at the end");
    let data_key: Vec<u8> = stored.iter().zip(pad).map(|(w, p)| w ^ p).collect();
    assert_eq!(data_key, payload.data_key.as_bytes());
}

#[test]
fn it_is_bound_to_context_payload_and_authority() {
    let payload = Payload::new();
    let wrapped = payload.seal(4, "a", &payload.binding());
    for context in [&b""[..], b"study", b"study 8", b"study 7 "] {
        let binding = Binding::new(&payload.preamble, context);
        let opened = payload.open(&wrapped, "a", &binding);
        assert_eq!(opened, Err(AccessError::WrongKey), "{context:?}");
    }
    let (other_key, other_preamble, _) = payload::create(&mut rng(9));
    let other = Binding::new(&other_preamble, CONTEXT);
    let opened = payload.open(&wrapped, "a", &other);
    assert_eq!(opened, Err(AccessError::WrongKey));
    // The data key of one payload is not sealed for another.
    let (text, rng) = (policy("a"), &mut rng(4));
    let sealed = WrappedKey::seal(
        &payload.setting.parameters,
        &text,
        &payload.binding(),
        &other_key,
        rng,
    );
    assert_eq!(sealed, Err(AccessError::WrongKey));

    let (parameters, master) = MasterSecretKey::setup(rng);
    let key = master.issue(&parameters, &attributes("a"), Validity::ALWAYS, rng);
    let opened = wrapped.open(&parameters, &key.expect("a key"), &payload.binding());
    assert_eq!(opened.map(drop), Err(AccessError::WrongKey));
}

#[test]
fn factors_are_named_by_id_and_not_by_the_order_they_come_in() {
    let payload = Payload::new();
    let [gate, first, second] = [[1; 32], [2; 32], [3; 32]];
    let [a, b, ..] = FactorId::OWN;
    let binding = payload.binding().with_factor(a, &first);
    let binding = binding
        .with_factor(FactorId::GATE, &gate)
        .with_factor(b, &second);
    assert_eq!(binding.factors(), FactorSet(0b1111));
    let wrapped = payload.seal(4, "a", &binding);
    assert_eq!(payload.open(&wrapped, "a", &binding), Ok(()));
    let same = payload.binding().with_factor(b, &second);
    let same = same.with_factor(a, &[9; 32]).with_factor(a, &first);
    let same = same.with_factor(FactorId::GATE, &gate);
    assert_eq!(payload.open(&wrapped, "a", &same), Ok(()));

    // Each in another's place, and each with a byte changed.
    let swapped = binding.with_factor(a, &second).with_factor(b, &first);
    assert_eq!(
        payload.open(&wrapped, "a", &swapped),
        Err(AccessError::WrongKey)
    );
    for (id, factor) in [(FactorId::GATE, gate), (a, first), (b, second)] {
        let mut changed = factor;
        changed[31] ^= 1;
        let wrong = binding.with_factor(id, &changed);
        assert_eq!(
            payload.open(&wrapped, "a", &wrong),
            Err(AccessError::WrongKey)
        );
    }
    // All of them do not do without the attributes.
    assert!(unsatisfied(&payload.open(&wrapped, "b", &binding)));
}

#[test]
fn factors_are_exactly_those_it_was_sealed_with() {
    let payload = Payload::new();
    let factor = [2; 32];
    let [a, b, ..] = FactorId::OWN;
    let binding = payload.binding().with_factor(a, &factor);
    let wrapped = payload.seal(4, "a", &binding);
    let bindings = [
        payload.binding(),
        payload.binding().with_factor(b, &factor),
        binding.with_factor(b, &factor),
    ];
    for (given, binding) in [0b1, 0b1001, 0b1101].into_iter().zip(bindings) {
        let mismatch = AccessError::FactorMismatch {
            needed: FactorSet(0b101),
            given: FactorSet(given),
        };
        assert_eq!(payload.open(&wrapped, "a", &binding), Err(mismatch));
        // With a bitmap that was changed to what is given, it does not open either.
        let mut bytes = wrapped.to_bytes();
        let at = bytes.len() - 33;
        bytes[at] = given;
        let changed = WrappedKey::from_bytes(&bytes).expect("another bitmap");
        let opened = payload.open(&changed, "a", &binding);
        assert_eq!(opened, Err(AccessError::WrongKey));
    }
    assert!(FactorId::OWN.iter().all(|id| id.bit() > FactorSet::GATE));
}

#[test]
fn many_wrapped_keys_lead_to_one_payload() {
    let payload = Payload::new();
    let binding = payload.binding();
    let first = payload.seal(4, "a", &binding);
    let reader = payload.setting.key("a", Validity::ALWAYS);
    let parameters = &payload.setting.parameters;
    let second = first.reencapsulate(
        parameters,
        &reader,
        &binding,
        &policy("b or c"),
        &mut rng(5),
    );
    let second = second.expect("a reader lets others in");
    assert_eq!(payload.open(&second, "c", &binding), Ok(()));
    assert!(unsatisfied(&payload.open(&first, "c", &binding)));
    assert!(unsatisfied(&payload.open(&second, "a", &binding)));
    // It revokes no reader.
    assert_eq!(payload.open(&first, "a", &binding), Ok(()));
    // Who cannot open cannot let in.
    let stranger = payload.setting.key("c", Validity::ALWAYS);
    let refused = first.reencapsulate(parameters, &stranger, &binding, &policy("c"), &mut rng(5));
    assert!(unsatisfied(&refused.map(drop)));

    // Another binding is opening and sealing again, and the first is not touched by it.
    let data_key = first
        .open_strict(parameters, &reader, &binding)
        .expect("a reader");
    let factor = [4; 32];
    let elsewhere = Binding::new(&payload.preamble, b"study 8");
    let elsewhere = elsewhere.with_factor(FactorId::OWN[5], &factor);
    let text = policy("a");
    let third = WrappedKey::seal(parameters, &text, &elsewhere, &data_key, &mut rng(6));
    assert_eq!(
        payload.open(&third.expect("sealed"), "a", &elsewhere),
        Ok(())
    );
}

/// The parts of two wrapped keys of one payload do not fit together.
#[test]
fn parts_do_not_move_between_wrapped_keys() {
    let payload = Payload::new();
    let binding = payload.binding();
    let [one, other] = [4, 5].map(|seed| payload.seal(seed, "a", &binding).to_bytes());
    assert_eq!(one.len(), other.len());
    assert_ne!(one[one.len() - 32..], other[other.len() - 32..]);
    let split = one.len() - 32;
    let mixed = WrappedKey::from_bytes(&[&one[..split], &other[split..]].concat());
    let opened = payload.open(&mixed.expect("well formed"), "a", &binding);
    assert_eq!(opened, Err(AccessError::WrongKey));
}

#[test]
fn only_keys_of_the_day_open_what_is_dated() {
    let payload = Payload::new();
    let binding = payload.binding();
    let [before, day, after] = [20_000, 20_001, 20_002].map(Date::from_days);
    let (text, rng) = (policy("a"), &mut rng(4));
    let (parameters, data_key) = (&payload.setting.parameters, &payload.data_key);
    let wrapped = WrappedKey::seal_dated(parameters, &text, day, &binding, data_key, rng);
    let wrapped = wrapped.expect("its data key");
    assert_eq!(wrapped.abe().sealed_on(), Some(day));
    // The date stays when another policy is put in its place.
    let reader = payload.setting.key("a", Validity::ALWAYS);
    let again = wrapped.reencapsulate(parameters, &reader, &binding, &text, rng);
    assert_eq!(again.expect("a reader").abe().sealed_on(), Some(day));

    let lapsed = payload
        .setting
        .key("a", Validity::between(before, day).expect("a day"));
    let valid = payload
        .setting
        .key("a", Validity::between(day, after).expect("a day"));
    assert!(wrapped.open_strict(parameters, &valid, &binding).is_ok());
    let refused = wrapped.open(parameters, &lapsed, &binding);
    assert!(matches!(
        refused,
        Err(AccessError::Decapsulate {
            source: DecapsulateError::NotValid { .. }
        })
    ));
    let undated = payload.seal(5, "a", &binding);
    assert!(undated.open(parameters, &lapsed, &binding).is_ok());
}

/// A wrapped key that some of the entitled open and others do not: the row of b is spoiled, C4 is
/// made anew for it, and the data key is wrapped under what then comes out.
fn made_by_a_dishonest_sealer(payload: &Payload) -> WrappedKey {
    let honest = payload.seal(4, "a or b", &payload.binding());
    let (bitmap, preamble) = ([FactorSet::ABE], payload.preamble.digest());
    let fields = [CONTEXT, &bitmap, preamble.as_ref()];
    let context = digest("medshare/abe/wrapped-key-context/v1", &fields);
    let raw = RawHeader::of(honest.abe());
    let key = RawKey::of(&payload.setting.key("a", Validity::ALWAYS));
    let masking = raw.product(&["a", "b"], &key, &choices(2)[0b01]);
    let bytes = honest.abe().to_bytes();
    let [row_of_a, row_of_b] = [2, 1].map(|from_end| bytes.len() - 32 - from_end * 48);
    let spoiled = raw.resealed(&masking, row_of_b, &bytes[row_of_a..row_of_b]);
    let abe = Header::from_bytes(&spoiled).expect("well formed");
    let secret = RawHeader::of(&abe).key_from(&masking, context.as_ref());
    let (secret, abe) = (SharedSecret::from_bytes(secret.into()), abe.digest());
    let fields = [context.as_ref(), abe.as_ref()];
    let binding = digest("medshare/abe/wrapped-key-binding/v1", &fields);
    let wrapped = KeyFactors::new(&secret).wrap(&binding, &payload.data_key);
    let bytes = [b"mWRP\0\x01", &spoiled[6..], &bitmap, &wrapped].concat();
    WrappedKey::from_bytes(&bytes).expect("well formed")
}

/// Re-encapsulation is strict: who lets others in has not relied on one lucky key.
#[test]
fn what_only_some_of_the_entitled_open_is_not_reencapsulated() {
    let payload = Payload::new();
    let (parameters, binding) = (&payload.setting.parameters, payload.binding());
    let wrapped = made_by_a_dishonest_sealer(&payload);
    let [lucky, unlucky] = ["a", "b"].map(|held| payload.setting.key(held, Validity::ALWAYS));
    let opened = wrapped.open(parameters, &lucky, &binding).expect("opens");
    assert_eq!(opened.as_bytes(), payload.data_key.as_bytes());
    let opened = wrapped.open(parameters, &unlucky, &binding);
    assert_eq!(opened.map(drop), Err(AccessError::WrongKey));
    let rejected = AccessError::Decapsulate {
        source: DecapsulateError::Rejected,
    };
    let refused = wrapped.open_strict(parameters, &lucky, &binding);
    assert_eq!(refused.map(drop), Err(rejected.clone()));
    let refused = wrapped.reencapsulate(parameters, &lucky, &binding, &policy("a"), &mut rng(5));
    assert_eq!(refused, Err(rejected));
}

#[test]
fn a_changed_byte_never_opens() {
    let payload = Payload::new();
    let binding = payload.binding();
    let bytes = payload.seal(4, "a", &binding).to_bytes();
    let key = payload.setting.key("a", Validity::ALWAYS);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        if let Ok(wrapped) = WrappedKey::from_bytes(&changed) {
            let opened = wrapped.open(&payload.setting.parameters, &key, &binding);
            assert!(opened.is_err(), "byte {at}");
        }
    }
}

#[test]
fn it_is_read_strictly() {
    let payload = Payload::new();
    let bytes = payload.seal(4, "a or b", &payload.binding()).to_bytes();
    for end in 0..bytes.len() {
        assert!(
            WrappedKey::from_bytes(&bytes[..end]).is_err(),
            "cut at {end}"
        );
    }
    let longer = WrappedKey::from_bytes(&[&bytes[..], &[0]].concat());
    assert_eq!(longer, Err(DecodeError::TrailingBytes { count: 1 }));
    for at in 0..6 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(
            WrappedKey::from_bytes(&changed).is_err(),
            "envelope byte {at}"
        );
    }
    let mut without_attributes = bytes;
    let at = without_attributes.len() - 33;
    without_attributes[at] = FactorSet::GATE;
    let refused = WrappedKey::from_bytes(&without_attributes);
    assert!(matches!(refused, Err(DecodeError::Malformed { .. })));
}

#[test]
fn the_format_does_not_drift() {
    let payload = Payload::new();
    let factor = [0x51; 32];
    let binding = payload.binding().with_factor(FactorId::OWN[0], &factor);
    let wrapped = payload.seal(4, "a or b", &binding);
    let found = [snapshot(&wrapped.to_bytes()), wrapped.digest().to_string()];
    assert_eq!(
        found,
        [
            "3877bbeac1fd6e7c740e0af71496b1b413af2d7430d313350a0c9cf3c37b73eb",
            "5475bd06a1f5187986943310816a914a9a233173c8a11af576377927760c1323"
        ]
    );
}

#[test]
fn no_factor_is_printed() {
    let payload = Payload::new();
    let factor = [0x51; 32];
    let binding = payload.binding().with_factor(FactorId::GATE, &factor);
    let printed = format!("{binding:?}");
    assert!(
        printed.contains("FactorSet(3)") && !printed.contains("81, 81"),
        "{printed}"
    );
}
