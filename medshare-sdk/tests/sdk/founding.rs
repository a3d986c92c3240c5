//! Founding a consortium in a folder where an earlier founding was interrupted.

use std::path::Path;

use crate::support::{CHEAP, MEMBERS, PASSPHRASE, in_folder};
use medshare_abe::MasterSecretKey;
use medshare_host::os_random;
use medshare_sdk::SigningKey;
use medshare_sdk::keystore::{KeyStore as _, PassphraseKeyStore};

async fn keys_in(folder: &Path) -> PassphraseKeyStore {
    let keys = PassphraseKeyStore::open(folder.join("keys"), PASSPHRASE, CHEAP);
    keys.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_drawn_before_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let member = keys_in(&folder.path().join("members").join(MEMBERS[1])).await;
    let drawn = SigningKey::random(&mut os_random());
    let entry = "organisation/signing-key";
    member.create(entry, &**drawn.seed()).await.unwrap();
    let authority = keys_in(&folder.path().join("authority")).await;
    let (parameters, master) = MasterSecretKey::setup(&mut os_random());
    let entry = "authority/master-key";
    authority.create(entry, &master.to_bytes()).await.unwrap();

    let consortium = in_folder(folder.path()).start().await.unwrap();
    let anchor = consortium.trust_anchor();
    assert_eq!(anchor.genesis().members[1].key, drawn.verifying_key());
    let founded = &anchor.genesis().authority.parameters;
    assert_eq!(*founded, parameters.to_bytes());
    consortium.shut_down().await.unwrap();
    in_folder(folder.path()).start().await.unwrap();
}
