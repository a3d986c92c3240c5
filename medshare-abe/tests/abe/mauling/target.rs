//! A header to be changed, and the key that it gives.

use medshare_abe::{
    DecapsulateError, Header, SharedSecret, UserSecretKey, Validity, decapsulate,
    decapsulate_strict, encapsulate,
};
use medshare_curve::Gt;

use crate::common::{RawHeader, Setting, rng};

pub(crate) struct Target {
    pub(crate) setting: Setting,
    pub(crate) bytes: Vec<u8>,
    pub(crate) secret: SharedSecret,
}

/// The start of C1, C2_0 and C3_0, in a header with τ = 1.
pub(crate) struct Places {
    pub(crate) c1: usize,
    pub(crate) c2: usize,
    pub(crate) c3: usize,
}

impl Target {
    pub(crate) fn new(text: &str) -> Self {
        let setting = Setting::new();
        let policy = setting.policy(text);
        let (header, secret) = encapsulate(&setting.parameters, &policy, b"aad", &mut rng(2));
        Self {
            setting,
            bytes: header.to_bytes(),
            secret,
        }
    }

    pub(crate) fn key(&self, held: &str) -> UserSecretKey {
        self.setting.key(held, Validity::ALWAYS)
    }

    pub(crate) fn header(&self) -> Header {
        Header::from_bytes(&self.bytes).expect("a header")
    }

    pub(crate) fn raw(&self) -> RawHeader {
        RawHeader::of(&self.header())
    }

    pub(crate) fn places(&self) -> Places {
        // Envelope, the policy after its length, and no sealing date.
        let c1 = 6 + 4 + self.header().policy().to_bytes().len() + 1;
        Places {
            c1,
            c2: c1 + 96 + 4,
            c3: c1 + 96 + 4 + 96 + 4,
        }
    }

    pub(crate) fn with(&self, at: usize, bytes: &[u8]) -> Header {
        let mut changed = self.bytes.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        Header::from_bytes(&changed).expect("the policy is the same")
    }

    /// A changed header from which this mask makes this m.
    pub(crate) fn carrying(
        &self,
        message: &[u8; 32],
        masking: &Gt,
        at: usize,
        bytes: &[u8],
    ) -> Header {
        let changed = RawHeader::unread(&self.with(at, bytes));
        let bytes = changed.carrying(message, masking);
        Header::from_bytes(&bytes).expect("the policy is the same")
    }

    pub(crate) fn open(
        &self,
        header: &Header,
        key: &UserSecretKey,
    ) -> Result<SharedSecret, DecapsulateError> {
        decapsulate(&self.setting.parameters, header, key, b"aad")
    }

    pub(crate) fn open_strict(
        &self,
        header: &Header,
        key: &UserSecretKey,
    ) -> Result<SharedSecret, DecapsulateError> {
        decapsulate_strict(&self.setting.parameters, header, key, b"aad")
    }

    pub(crate) fn assert_rejected(&self, header: &Header, key: &UserSecretKey) {
        let first = self.open(header, key).expect("rejection is implicit");
        let second = self.open(header, key).expect("rejection is implicit");
        assert_eq!(
            first.as_bytes(),
            second.as_bytes(),
            "the same for one copy of a key"
        );
        assert_ne!(first.as_bytes(), self.secret.as_bytes());
        let copy =
            UserSecretKey::from_bytes(&key.to_bytes(), &self.setting.parameters, &mut rng(5));
        let third = self
            .open(header, &copy.expect("a key"))
            .expect("rejection is implicit");
        assert_ne!(
            first.as_bytes(),
            third.as_bytes(),
            "another for another copy"
        );
        assert_eq!(
            self.open_strict(header, key).expect_err("changed"),
            DecapsulateError::Rejected
        );
    }
}
