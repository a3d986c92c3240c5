//! Key stores and signers of the caller that hang: calls end at their deadline and say so.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Fixture, MEMBERS};
use medshare_sdk::keystore::{BoxFuture, KeyStore, KeyStoreError, Signer};
use medshare_sdk::{
    Consortium, ConsortiumParts, Deadlines, Digest, Error, Organisation, Signature, VerifyingKey,
    Zeroizing,
};

pub struct HungVault;

impl KeyStore for HungVault {
    fn load<'a>(
        &'a self,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        Box::pin(pending())
    }

    fn store<'a>(&'a self, _: &'a str, _: &'a [u8]) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        Box::pin(pending())
    }

    fn create<'a>(&'a self, _: &'a str, _: &'a [u8]) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        Box::pin(pending())
    }
}

struct HungHsm(VerifyingKey);

impl Signer for HungHsm {
    fn verifying_key(&self) -> VerifyingKey {
        self.0
    }

    fn sign<'a>(&'a self, _: &'a Digest) -> BoxFuture<'a, Result<Signature, KeyStoreError>> {
        Box::pin(pending())
    }
}

fn st_mary_with(fixture: &Fixture, change: impl FnOnce(&mut ConsortiumParts)) -> Organisation {
    let mut parts = fixture.consortium.parts();
    change(&mut parts);
    let deadlines = Deadlines::default().with_secrets(Duration::from_millis(50));
    let consortium = Consortium::connect(parts).unwrap();
    let consortium = consortium.with_deadlines(deadlines);
    consortium.organisation(MEMBERS[0]).unwrap()
}

fn assert_hung(error: &Error, what: &str) {
    assert_eq!(error.code(), "key_store");
    let source = std::error::Error::source(error).unwrap().to_string();
    assert_eq!(source, "no answer within 50 ms");
    assert!(error.to_string().contains(what), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_and_a_signer_that_hang() {
    let fixture = Fixture::open().await;
    let begun = Instant::now();
    let st_mary = st_mary_with(&fixture, |parts| parts.people = Arc::new(HungVault));
    let error = st_mary.enrol("x", &[]).await.unwrap_err();
    assert_hung(&error, "load \"person/7:st-mary/1:x");
    assert_hung(&st_mary.person("x").await.unwrap_err(), "load");

    let st_mary = st_mary_with(&fixture, |parts| {
        let signer = parts.organisations.get_mut(MEMBERS[0]).unwrap();
        *signer = Arc::new(HungHsm(signer.verifying_key()));
    });
    let error = st_mary.enrol("x", &[]).await.unwrap_err();
    assert_hung(&error, "sign");
    assert!(begun.elapsed() < Duration::from_secs(10));
    fixture.close().await;
}
