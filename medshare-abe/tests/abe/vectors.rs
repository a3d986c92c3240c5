//! The test vectors, read back through the public interface alone.
//!
//! Whether they are right is for `vectors/check.py` to say, which is written from the
//! specification.

use std::io::{Cursor, Read, Write};

use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{AuditPath, ContentTree, PayloadReader, PayloadWriter, Preamble};
use medshare_abe::{
    AccessHeader, AccessPolicy, AttributeSet, Binding, DataKey, Date, Enumeration, EnumerationId,
    Enumerations, FactorId, Header, KeyFactors, MasterSecretKey, Name, PublicParameters,
    SharedSecret, UserSecretKey, Validity, WrappedKey, decapsulate, decapsulate_strict,
    encapsulate, encapsulate_dated, payload,
};
use medshare_types::{Digest, GateLabel, RandomSource, Wire};
use serde_json::Value;

use crate::common::rng;

/// The bytes it was given, and any after them.
struct First(Vec<u8>, rand_chacha::ChaCha20Rng);

impl First {
    fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec(), rng(1))
    }
}

impl RandomSource for First {
    fn fill(&mut self, out: &mut [u8]) {
        let given = out.len().min(self.0.len());
        out[..given].copy_from_slice(&self.0[..given]);
        self.0.drain(..given);
        self.1.fill(&mut out[given..]);
    }
}

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/abe-v0.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> usize {
    let number = value.as_u64().expect("a number");
    usize::try_from(number).expect("a small one")
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes();
    let digit = |c: u8| char::from(c).to_digit(16).expect("hexadecimal") as u8;
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("its length")
}

fn data_key(value: &Value) -> DataKey {
    DataKey::from_bytes(array(value).into())
}

fn day(value: &Value) -> Date {
    Date::from_days(number(value).try_into().expect("a day"))
}

struct Setting {
    vectors: Value,
    parameters: PublicParameters,
    master: MasterSecretKey,
    lists: Enumerations,
}

fn setting() -> Setting {
    let vectors = vectors();
    let authority = &vectors["authority"];
    // The wide reduction of a scalar that is smaller than r is that scalar.
    let alpha = [array::<32>(&authority["alpha"]), [0; 32]].concat();
    let (parameters, master) = MasterSecretKey::setup(&mut First::new(&alpha));
    assert_eq!(*master.to_bytes(), bytes(&authority["master_key"]));
    assert_eq!(parameters.to_bytes(), bytes(&authority["parameters"]));
    let digest = bytes(&authority["parameters_digest"]);
    assert_eq!(parameters.digest().as_ref(), digest);
    let name = |value: &Value| Name::new(text(value)).expect("a name");
    let mut lists = Enumerations::new();
    for vector in list(&vectors["enumerations"]) {
        let id = EnumerationId(array(&vector["id"]));
        let mut enumeration = Enumeration::new(id, name(&vector["label"]));
        for value in list(&vector["values"]) {
            enumeration.append(name(value)).expect("a new value");
        }
        lists.register(enumeration).expect("a new label");
    }
    Setting {
        vectors,
        parameters,
        master,
        lists,
    }
}

impl Setting {
    fn headers(&self) -> &[Value] {
        list(&self.vectors["headers"])
    }

    fn key(&self, vector: &Value) -> UserSecretKey {
        let sigma = bytes(&vector["sigma"]);
        let bytes = bytes(&vector["bytes"]);
        let key = UserSecretKey::from_bytes(&bytes, &self.parameters, &mut First::new(&sigma));
        key.expect("a key")
    }
}

#[test]
fn headers_are_made_again() {
    let setting = setting();
    for vector in setting.headers() {
        let policy = AccessPolicy::parse(text(&vector["policy"]), &setting.lists);
        let policy = policy.expect("a policy");
        assert_eq!(policy.to_bytes(), bytes(&vector["policy_bytes"]));
        let (aad, mut m) = (bytes(&vector["aad"]), First::new(&bytes(&vector["m"])));
        let (header, secret) = match &vector["sealed_on"] {
            Value::Null => encapsulate(&setting.parameters, &policy, &aad, &mut m),
            sealed_on => {
                encapsulate_dated(&setting.parameters, &policy, day(sealed_on), &aad, &mut m)
            }
        };
        assert_eq!(header.to_bytes(), bytes(&vector["header"]));
        assert_eq!(header.digest().as_ref(), bytes(&vector["header_digest"]));
        assert_eq!(secret.as_bytes(), &array(&vector["secret"]));
    }
    assert_eq!(setting.headers().len(), 11);
}

#[test]
fn keys_are_issued_again() {
    let setting = setting();
    for vector in setting.headers() {
        let vector = &vector["key"];
        let held = AttributeSet::parse(text(&vector["attributes"]), &setting.lists);
        let held = held.expect("attributes");
        let key = setting.key(vector);
        assert_eq!(*key.attributes(), held);
        let days = list(&vector["validity"]);
        let (first, last) = (day(&days[0]), day(&days[1]));
        let validity = match last.days().checked_add(1) {
            Some(until) => Validity::between(first, Date::from_days(until)).expect("days"),
            None => Validity::ALWAYS,
        };
        assert_eq!(key.validity(), validity);
        let fresh = &mut First::new(&bytes(&vector["fresh"]));
        let issued = setting
            .master
            .issue(&setting.parameters, &held, validity, fresh);
        let issued = issued.expect("a key").to_bytes();
        assert_eq!(*issued, bytes(&vector["bytes"]));
    }
}

#[test]
fn headers_are_opened_and_what_was_changed_is_not() {
    let setting = setting();
    let parameters = &setting.parameters;
    for vector in setting.headers() {
        let (aad, key) = (bytes(&vector["aad"]), setting.key(&vector["key"]));
        let whole = bytes(&vector["header"]);
        let header = Header::from_bytes(&whole).expect("a header");
        for open in [decapsulate, decapsulate_strict] {
            let secret = open(parameters, &header, &key, &aad).expect("satisfied");
            assert_eq!(secret.as_bytes(), &array(&vector["secret"]));
        }
        for rejected in list(&vector["rejected"]) {
            let mut changed = whole.clone();
            changed[number(&rejected["place"])] = number(&rejected["byte"]) as u8;
            let header = Header::from_bytes(&changed).expect("a header still");
            let secret = decapsulate(parameters, &header, &key, &aad).expect("implicit");
            assert_eq!(secret.as_bytes(), &array(&rejected["secret"]));
            assert_ne!(secret.as_bytes(), &array(&vector["secret"]));
            decapsulate_strict(parameters, &header, &key, &aad).expect_err("explicit");
        }
    }
}

#[test]
fn payloads_are_sealed_again_and_opened() {
    for vector in list(&vectors()["payloads"]) {
        let preamble = Preamble::from_bytes(&bytes(&vector["preamble"])).expect("a preamble");
        let drawn = [&bytes(&vector["data_key"])[..], preamble.payload_id()].concat();
        let random = &mut First::new(&drawn);
        let (key, made, sealer) = payload::create_padded(preamble.padding(), random);
        assert_eq!(made, preamble);
        assert_eq!(made.digest().as_ref(), bytes(&vector["preamble_digest"]));
        let length = number(&vector["length"]);
        let plaintext: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let mut writer = PayloadWriter::new(Vec::new(), sealer);
        writer.write_all(&plaintext).expect("written");
        let (object, tree) = writer.finish().expect("finished");
        assert_eq!(tree.to_bytes(), bytes(&vector["tree"]));
        let padded = tree.layout().plaintext_len() as usize;
        assert_eq!(padded, number(&vector["padded_length"]));

        let mut from = 0;
        for (index, segment) in list(&vector["segments"]).iter().enumerate() {
            let to = from + number(&segment["sealed_length"]);
            let leaf = payload::segment_digest(index as u32, &object[from..to]);
            assert_eq!(leaf.as_ref(), bytes(&segment["leaf"]));
            assert!(object[..to].ends_with(&bytes(&segment["tag"])));
            let path = AuditPath::from_bytes(&bytes(&segment["audit_path"])).expect("a path");
            let checked = path.check(&tree.root(), index as u32, &object[from..to]);
            assert_eq!(checked, Ok(()));
            from = to;
        }
        assert_eq!(from, object.len());
        let root = Digest::from_bytes(array(&vector["content_root"]));
        let tree = ContentTree::from_bytes(&bytes(&vector["tree"]), &root).expect("the root");
        let mut reader = PayloadReader::new(Cursor::new(object), &key, &preamble, tree);
        let mut read = Vec::new();
        let reader = reader.as_mut().expect("the key");
        reader.read_to_end(&mut read).expect("opened");
        assert_eq!(read, plaintext);
    }
}

#[test]
fn an_access_header_is_opened() {
    let vectors = vectors();
    let (access, payload) = (&vectors["access"], &vectors["payloads"][0]);
    let preamble = Preamble::from_bytes(&bytes(&payload["preamble"])).expect("a preamble");
    let whole = bytes(&access["access_header"]);
    let header = AccessHeader::from_bytes(&whole).expect("an access header");
    assert_eq!(header.abe().to_bytes(), bytes(&access["header"]));
    let label = GateLabel::from_wire(&bytes(&access["label"])).expect("a label");
    assert_eq!(label.digest().as_ref(), bytes(&access["label_digest"]));
    let context = label.context.digest();
    assert_eq!(context.as_ref(), bytes(&access["context_digest"]));
    let digest = Digest::from_bytes(array(&access["access_header_digest"]));
    let verified = header
        .verify(&digest, &label, &preamble)
        .expect("the chain's");

    let secret = SharedSecret::from_bytes(array(&access["secret"]).into());
    let gate = array(&access["gate"]);
    let both = KeyFactors::new(&secret).with_gate(&gate);
    let opened = verified.open(&both).expect("both factors");
    let key = data_key(&payload["data_key"]);
    assert_eq!(opened.as_bytes(), key.as_bytes());
    assert_eq!(both.wrap(&label.digest(), &key), array(&access["wrapped"]));
    let descriptor = SealedDescriptor::from_bytes(&bytes(&access["descriptor"]));
    let message = descriptor
        .expect("a descriptor")
        .open(&secret, &preamble.digest());
    let message = message.expect("opened");
    assert_eq!(*message, bytes(&access["descriptor_message"]));
}

#[test]
fn a_wrapped_key_is_opened() {
    let setting = setting();
    let (vector, payload) = (
        &setting.vectors["wrapped_key"],
        &setting.vectors["payloads"][0],
    );
    let preamble = Preamble::from_bytes(&bytes(&payload["preamble"])).expect("a preamble");
    let (context, factor) = (bytes(&vector["context"]), array(&vector["factor"]));
    let binding = Binding::new(&preamble, &context).with_factor(FactorId::OWN[1], &factor);
    let whole = bytes(&vector["bytes"]);
    let wrapped = WrappedKey::from_bytes(&whole).expect("a wrapped key");
    assert_eq!(wrapped.digest().as_ref(), bytes(&vector["digest"]));
    assert_eq!(
        wrapped.abe().policy(),
        &text(&vector["policy"]).parse().expect("a policy")
    );
    let parameters = &setting.parameters;
    let auditor = "role:auditor".parse().expect("attributes");
    let key = setting
        .master
        .issue(parameters, &auditor, Validity::ALWAYS, &mut rng(1));
    let opened = wrapped.open_strict(parameters, &key.expect("a key"), &binding);
    let key = data_key(&payload["data_key"]);
    assert_eq!(opened.expect("an auditor").as_bytes(), key.as_bytes());
    let random = &mut First::new(&bytes(&vector["m"]));
    let again = WrappedKey::seal(parameters, wrapped.abe().policy(), &binding, &key, random);
    assert_eq!(again.expect("its data key").to_bytes(), whole);
}

#[test]
fn an_encrypted_key_is_read() {
    let setting = setting();
    let vector = &setting.vectors["encrypted_key"];
    let (whole, passphrase) = (bytes(&vector["bytes"]), text(&vector["passphrase"]));
    let master = MasterSecretKey::from_encrypted(&whole, passphrase, &setting.parameters);
    let master = master.expect("the passphrase").to_bytes();
    assert_eq!(master, setting.master.to_bytes());
}
