//! Keys and headers in serde's formats: JSON for those that people read, CBOR for binary ones.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use medshare_abe::access::KeyFactors;
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{self, AuditPath, Preamble};
use medshare_abe::{
    AccessHeader, AccessPolicy, Binding, Date, Header, KeyError, MasterSecretKey, PublicParameters,
    UncheckedUserKey, UserSecretKey, Validity, WrappedKey, encapsulate_dated,
};
use medshare_types::FactorSet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::common::{attributes, policy, record, rng};

fn from_cbor<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    ciborium::from_reader(bytes).ok()
}

fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("written");
    out
}

/// In JSON base64url of the canonical bytes, in CBOR a byte string of them; each read back, and
/// nothing else read.
fn assert_opaque<T, U>(value: &T, bytes: &[u8], of: impl Fn(&U) -> Vec<u8>)
where
    T: Serialize,
    U: DeserializeOwned,
{
    let text = Base64UrlUnpadded::encode_string(bytes);
    let json = serde_json::to_string(value).expect("written");
    assert_eq!(json, format!("\"{text}\""));
    let cbor = to_cbor(value);
    assert_eq!(cbor, to_cbor(&ciborium::Value::Bytes(bytes.to_vec())));
    assert_eq!(of(&serde_json::from_str(&json).expect("read")), bytes);
    assert_eq!(of(&from_cbor(&cbor).expect("read")), bytes);
    // As a parser makes it that owns its text, and one that does not.
    let owned = serde_json::Value::String(text.clone());
    assert_eq!(of(&serde_json::from_value(owned).expect("read")), bytes);
    let escaped = json.replace('A', "\\u0041");
    assert_eq!(of(&serde_json::from_str(&escaped).expect("read")), bytes);
}

/// For those that are parsed as they are deserialised.
fn assert_strict<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let read = |bytes: &[u8]| {
        let text = Base64UrlUnpadded::encode_string(bytes);
        let cbor = to_cbor(&ciborium::Value::Bytes(bytes.to_vec()));
        let json = serde_json::from_str::<T>(&format!("\"{text}\"")).is_ok();
        assert_eq!(from_cbor::<T>(&cbor).is_some(), json);
        json
    };
    assert!(read(bytes));
    assert!(!read(&bytes[..bytes.len() - 1]));
    assert!(!read(&[bytes, &[0]].concat()));
    assert!(!read(&[]));
    let text = Base64UrlUnpadded::encode_string(bytes);
    let padding = "=".repeat((4 - text.len() % 4) % 4 + 1);
    let numbers = serde_json::to_string(bytes).expect("numbers");
    for wrong in [
        format!("\"{text}{padding}\""),
        format!("\"{text} \""),
        format!("\"+{}\"", &text[1..]),
        numbers,
        "null".to_owned(),
        "7".to_owned(),
    ] {
        assert!(serde_json::from_str::<T>(&wrong).is_err());
    }
}

#[test]
fn every_type_is_its_canonical_bytes() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    assert_opaque(&master, &master.to_bytes(), |read: &MasterSecretKey| {
        read.to_bytes().to_vec()
    });
    assert_strict::<MasterSecretKey>(&master.to_bytes());
    let bytes = parameters.to_bytes();
    assert_opaque(&parameters, &bytes, PublicParameters::to_bytes);
    assert_strict::<PublicParameters>(&bytes);

    // Long enough for a header that does not fit into the buffers of small values.
    let names: Vec<String> = (0..100).map(|i| format!("name-{i}")).collect();
    let policy = policy(&names.join(" and "));
    assert_opaque(&policy, &policy.to_bytes(), AccessPolicy::to_bytes);
    assert_strict::<AccessPolicy>(&policy.to_bytes());
    let day = Date::from_days(20_000);
    let (header, secret) = encapsulate_dated(&parameters, &policy, day, b"", &mut rng(2));
    assert_opaque(&header, &header.to_bytes(), Header::to_bytes);
    assert_strict::<Header>(&header.to_bytes());

    let (data_key, preamble, mut sealer) = payload::create(&mut rng(3));
    assert_opaque(&preamble, &preamble.to_bytes(), Preamble::to_bytes);
    assert_strict::<Preamble>(&preamble.to_bytes());
    sealer
        .seal_in_place(&mut [0; 30], true)
        .expect("the only segment");
    let path = sealer.finish().and_then(|tree| tree.audit_path(0));
    let bytes = path.as_ref().expect("one segment").to_bytes();
    assert_opaque(&path.expect("one segment"), &bytes, AuditPath::to_bytes);
    assert_strict::<AuditPath>(&bytes);
    let (binding, random) = (Binding::new(&preamble, b""), &mut rng(5));
    let wrapped = WrappedKey::seal(&parameters, &policy, &binding, &data_key, random);
    let wrapped = wrapped.expect("its data key");
    assert_opaque(&wrapped, &wrapped.to_bytes(), WrappedKey::to_bytes);
    assert_strict::<WrappedKey>(&wrapped.to_bytes());
    let context = record::context(FactorSet(FactorSet::ABE), 20_000, &preamble);
    let label = record::label(context, &header);
    let access = AccessHeader::seal(header, label, &KeyFactors::new(&secret), &data_key);
    let access = access.expect("fits");
    assert_opaque(&access, &access.to_bytes(), AccessHeader::to_bytes);
    assert_strict::<AccessHeader>(&access.to_bytes());
    let message = b"a discharge letter";
    let descriptor = SealedDescriptor::seal(&secret, &preamble.digest(), message, &mut rng(4));
    let descriptor = descriptor.expect("short");
    let bytes = descriptor.to_bytes();
    assert_opaque(&descriptor, &bytes, SealedDescriptor::to_bytes);
    assert_strict::<SealedDescriptor>(&bytes);
}

#[test]
fn a_users_key_is_checked_before_it_is_one() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let set = attributes("role:nurse, clearance = 3");
    let key = master.issue(&parameters, &set, Validity::ALWAYS, &mut rng(2));
    let key = key.expect("a key");
    let check = |unchecked: &UncheckedUserKey| {
        let key = unchecked.check(&parameters, &mut rng(3)).expect("a key");
        key.to_bytes().to_vec()
    };
    assert_opaque(&key, &key.to_bytes(), check);

    let refused = |bytes: &[u8], parameters: &PublicParameters| {
        let cbor = to_cbor(&ciborium::Value::Bytes(bytes.to_vec()));
        let unchecked: UncheckedUserKey = from_cbor(&cbor).expect("bytes");
        assert_eq!(format!("{unchecked:?}"), "UncheckedUserKey(secret)");
        let checked: Result<UserSecretKey, _> = unchecked.check(parameters, &mut rng(4));
        checked.map(|_| ()).expect_err("no key")
    };
    let (elsewhere, _) = MasterSecretKey::setup(&mut rng(9));
    assert_eq!(
        refused(&key.to_bytes(), &elsewhere),
        KeyError::OtherAuthority
    );
    // Two parts of the value change places: each is a valid point where it stands. After them come
    // the validity, 8 bytes with a count, and its one part.
    let mut swapped = key.to_bytes().to_vec();
    let end = swapped.len() - 8 - 48;
    let (front, back) = swapped.split_at_mut(end - 48);
    front[end - 96..].swap_with_slice(&mut back[..48]);
    assert_eq!(refused(&swapped, &parameters), KeyError::Inconsistent);
    assert!(matches!(
        refused(b"no key", &parameters),
        KeyError::Decode { .. }
    ));
}

/// Within flattened and tagged types serde hands over what it buffered, and calls every format one
/// for people.
#[test]
fn values_inside_buffered_types_are_read() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Message {
        Policy { policy: AccessPolicy },
    }
    let policy = policy("a and b");
    let message = Message::Policy {
        policy: policy.clone(),
    };
    let Message::Policy { policy: read } = from_cbor(&to_cbor(&message)).expect("read");
    assert_eq!(read, policy);
    let json = serde_json::to_string(&message).expect("written");
    let Message::Policy { policy: read } = serde_json::from_str(&json).expect("read");
    assert_eq!(read, policy);
}

#[test]
fn errors_say_what_is_wrong_and_not_with_what() {
    let (_, master) = MasterSecretKey::setup(&mut rng(1));
    let mut bytes = master.to_bytes().to_vec();
    bytes.push(0);
    let json = format!("\"{}\"", Base64UrlUnpadded::encode_string(&bytes));
    let error = serde_json::from_str::<MasterSecretKey>(&json).expect_err("one byte too many");
    assert!(error.to_string().starts_with("not a valid key"));
}
