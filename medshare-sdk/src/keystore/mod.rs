//! Key stores that come with the library: a folder under a passphrase, and memory.
//!
//! An application with a vault or an HSM implements [`KeyStore`] instead.

mod memory;
mod passphrase;

pub use medshare_abe::storage::PassphraseCost;
pub use medshare_types::keystore::{BoxFuture, KeyStore, KeyStoreError, Signer};
pub use memory::MemoryKeyStore;
pub use passphrase::PassphraseKeyStore;
