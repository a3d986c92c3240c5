//! Key stores: in memory, or in a folder under a passphrase.
//!
//! An application with a vault or an HSM implements [`KeyStore`] itself.

mod bounded;
mod memory;
#[cfg(feature = "passphrase")]
mod passphrase;

#[cfg(feature = "passphrase")]
pub use crate::passphrase::PassphraseCost;
pub use bounded::Bounded;
pub use medshare_types::keystore::{
    BoxFuture, KeyStore, KeyStoreError, MAX_ENTRY_NAME_LEN, Signer, load_or_create,
};
pub use memory::MemoryKeyStore;
#[cfg(feature = "passphrase")]
pub use passphrase::PassphraseKeyStore;

/// Refuses names that [`KeyStore`] does not promise to hold.
fn check_name(name: &str) -> Result<(), KeyStoreError> {
    if (1..=MAX_ENTRY_NAME_LEN).contains(&name.len()) {
        Ok(())
    } else {
        Err(KeyStoreError::InvalidName {
            name: name.to_owned(),
        })
    }
}
