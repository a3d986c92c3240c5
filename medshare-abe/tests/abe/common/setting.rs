//! An authority, an enumeration, and whether a key opens a policy.

use medshare_abe::{
    AccessPolicy, AttributeSet, DecapsulateError, Enumeration, EnumerationId, Enumerations,
    KeyError, MasterSecretKey, Name, PublicParameters, UserSecretKey, Validity, decapsulate,
    decapsulate_strict, encapsulate,
};
use medshare_types::hash::digest;

use super::raw::{RawHeader, RawKey};
use super::rng;

pub struct Setting {
    pub parameters: PublicParameters,
    pub master: MasterSecretKey,
    pub lists: Enumerations,
}

pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub fn hospitals(id: u8, values: &[&str]) -> Enumerations {
    let mut list = Enumeration::new(EnumerationId([id; 32]), name("hospital"));
    for value in values {
        list.append(name(value)).expect("a new value");
    }
    let mut lists = Enumerations::new();
    lists.register(list).expect("the first");
    lists
}

impl Setting {
    pub fn new() -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
        let lists = hospitals(1, &["st-mary", "charité", "north", "south", "west"]);
        Self {
            parameters,
            master,
            lists,
        }
    }

    pub fn issue(&self, held: &str) -> Result<UserSecretKey, KeyError> {
        let set = AttributeSet::parse(held, &self.lists).expect("a list");
        self.master
            .issue(&self.parameters, &set, Validity::ALWAYS, &mut rng(7))
    }

    /// A key with randomness of its own, or what two of them reject would come out the same.
    pub fn key(&self, held: &str, validity: Validity) -> UserSecretKey {
        let set = AttributeSet::parse(held, &self.lists).expect("a list");
        let days = [validity.first(), validity.last()].map(|day| day.days().to_le_bytes());
        let own = digest("test", &[held.as_bytes(), &days.concat()]);
        let (seed, _) = own.as_bytes().split_first_chunk().expect("32 bytes");
        let random = &mut rng(u64::from_le_bytes(*seed));
        let key = self.master.issue(&self.parameters, &set, validity, random);
        key.expect("a key")
    }

    /// A key as points, for every sealing date, from a seed of its own.
    pub fn raw_key(&self, held: &str, seed: u64) -> RawKey {
        let set = AttributeSet::parse(held, &self.lists).expect("a list");
        let random = &mut rng(seed);
        let key = self
            .master
            .issue(&self.parameters, &set, Validity::ALWAYS, random);
        RawKey::of(&key.expect("a key"))
    }

    /// A header as points, and its secret.
    pub fn raw_header(&self, text: &str) -> (RawHeader, [u8; 32]) {
        let policy = self.policy(text);
        let (header, secret) = encapsulate(&self.parameters, &policy, b"aad", &mut rng(9));
        (RawHeader::of(&header), *secret.as_bytes())
    }

    pub fn policy(&self, text: &str) -> AccessPolicy {
        AccessPolicy::parse(text, &self.lists).expect("a policy")
    }

    /// Whether the key opens; both ways of decapsulating agree.
    pub fn opens(&self, text: &str, key: &UserSecretKey) -> bool {
        let policy = self.policy(text);
        let (header, secret) = encapsulate(&self.parameters, &policy, b"", &mut rng(3));
        let strict = decapsulate_strict(&self.parameters, &header, key, b"");
        match decapsulate(&self.parameters, &header, key, b"") {
            Ok(recovered) => {
                assert_eq!(recovered.as_bytes(), secret.as_bytes(), "{text}");
                assert_eq!(strict.expect("honest").as_bytes(), secret.as_bytes());
                true
            }
            Err(refused @ DecapsulateError::PolicyUnsatisfied { .. }) => {
                assert_eq!(strict.expect_err("unsatisfied"), refused);
                false
            }
            Err(other) => panic!("{text}: {other}"),
        }
    }
}
