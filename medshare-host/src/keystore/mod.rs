//! Key stores: in memory, or in a folder under a passphrase.
//!
//! An application with a vault or an HSM implements [`KeyStore`] itself.

mod memory;
#[cfg(feature = "passphrase")]
mod passphrase;

#[cfg(feature = "passphrase")]
pub use crate::passphrase::PassphraseCost;
pub use medshare_types::keystore::{BoxFuture, KeyStore, KeyStoreError, Signer};
pub use memory::MemoryKeyStore;
#[cfg(feature = "passphrase")]
pub use passphrase::PassphraseKeyStore;
