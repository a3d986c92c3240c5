//! A client of a consortium that runs elsewhere, written with the types of medshare-sdk alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use medshare_sdk::client::ExchangeError;
use medshare_sdk::issuer::{AttributeIssuer, KeyRequest, SealedKey};
use medshare_sdk::keystore::{BoxFuture, KeyStore, KeyStoreError, Signer};
use medshare_sdk::{
    Consortium, ConsortiumClient, ConsortiumParts, Digest, Error, MasterSecretKey, RandomSource,
    ReplicaId, Result, Signature, SigningKey, TrustAnchor, VerifyingKey, Zeroizing, os_random,
};

/// A client without a network.
pub struct Network;

impl ConsortiumClient for Network {
    fn exchange(
        &self,
        member: ReplicaId,
        _: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(std::future::ready(Err(ExchangeError::NoConnection { member })))
    }
}

/// An issuer without an authority.
pub struct Authority;

impl AttributeIssuer for Authority {
    fn issue<'a>(&'a self, _: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>> {
        Box::pin(std::future::ready(Err(Error::Unreachable)))
    }
}

/// A key store that forgets all secrets.
pub struct Vault;

impl KeyStore for Vault {
    fn load<'a>(
        &'a self,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn store<'a>(&'a self, _: &'a str, _: &'a [u8]) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn create<'a>(&'a self, _: &'a str, _: &'a [u8]) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Signs with a key in memory.
pub struct Hsm(SigningKey);

impl Signer for Hsm {
    fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign<'a>(
        &'a self,
        statement: &'a Digest,
    ) -> BoxFuture<'a, Result<Signature, KeyStoreError>> {
        Box::pin(std::future::ready(Ok(self.0.sign(statement))))
    }
}

/// Adds what a device of its own draws to the system's randomness.
pub struct Device(u8);

impl RandomSource for Device {
    fn fill(&mut self, out: &mut [u8]) {
        os_random().fill(out);
        for byte in out {
            self.0 = self.0.wrapping_mul(5).wrapping_add(3);
            *byte ^= self.0;
        }
    }
}

/// The first secrets of an organisation that founds a consortium.
#[must_use]
pub fn draw_secrets() -> (SigningKey, MasterSecretKey) {
    let mut device = Device(1);
    let (_, master) = MasterSecretKey::setup(&mut device);
    (SigningKey::random(&mut device), master)
}

/// Joins the consortium as one organisation without stores.
///
/// # Errors
/// A trust anchor that is not one, or the first step that fails.
pub fn join(
    anchor: &[u8],
    organisation: &str,
    seed: &[u8; 32],
) -> Result<Consortium, Box<dyn std::error::Error>> {
    let signer: Arc<dyn Signer> = Arc::new(Hsm(SigningKey::from_seed(seed)));
    Ok(Consortium::connect(ConsortiumParts {
        anchor: TrustAnchor::from_bytes(anchor)?,
        client: Arc::new(Network),
        stores: BTreeMap::new(),
        issuer: Arc::new(Authority),
        people: Arc::new(Vault),
        organisations: [(organisation.to_owned(), signer)].into(),
    })?)
}
