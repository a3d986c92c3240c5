//! Random histories of the state.

use std::collections::BTreeMap;

use medshare_ledger::{LedgerStore, LightClient, state_root};
use medshare_types::Digest;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::test_runner::Config;

use crate::fixture::{Changes, Fixture};

/// Keys that share long prefixes, so that paths split and join at every depth.
fn keys() -> impl Strategy<Value = Digest> {
    (0..4usize, 0..33usize, any::<bool>()).prop_map(|(first, length, last)| {
        let mut bytes = [0x5a; 32];
        bytes[0] = [0x5a, 0x5b, 0xda, 0x00][first];
        bytes[length..].fill(0xa5);
        bytes[31] ^= u8::from(last);
        Digest::from_bytes(bytes)
    })
}

fn changes() -> impl Strategy<Value = Changes> {
    btree_map(
        keys(),
        option::weighted(0.6, vec(any::<u8>(), 0..40)),
        0..12,
    )
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    /// The root equals that of a fresh tree with the same content, and every key is proven, present
    /// or absent, at the version that the newest header names.
    #[test]
    fn the_root_depends_on_the_content_alone(history in vec(changes(), 1..7)) {
        let fixture = Fixture::new(1);
        let client = LightClient::new(fixture.members.genesis()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let genesis_state = BTreeMap::new();
        let store = LedgerStore::open(path, fixture.members.genesis(), &genesis_state).unwrap();
        let mut content = BTreeMap::new();
        let mut touched = Vec::new();
        for changes in &history {
            let before = content.clone();
            for (key, value) in changes {
                touched.push(*key);
                match value {
                    Some(value) => content.insert(*key, value.clone()),
                    None => content.remove(key),
                };
            }
            let roots = fixture.grow(&store, vec![], changes);
            prop_assert_eq!(roots.state, state_root(&content));
            for key in &touched {
                let read = store.get(key).unwrap();
                prop_assert_eq!(read.as_ref(), content.get(key));
                let proof = store.prove_state(key).unwrap();
                let verified = client.verify_state(key, &proof).unwrap();
                prop_assert_eq!(verified.value(), before.get(key).map(Vec::as_slice));
            }
        }
        prop_assert_eq!(store.verify_from_genesis().unwrap(), store.height().unwrap());
    }
}
