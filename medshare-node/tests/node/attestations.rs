//! Votes that blocks record: stored by each node, the same everywhere.

use std::collections::BTreeSet;

use medshare_consensus::{ChainRecord, Mode};
use medshare_contract::genesis_state;
use medshare_ledger::LedgerStore;
use medshare_types::{Attested, Height, ReplicaId};

use crate::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn blocks_record_the_commits_of_all_members_and_nodes_store_them() {
    let mut fixture = Fixture::start(&[0, 1, 2, 3]).await;
    for nonce in 1..6 {
        fixture.assert_goes_on(nonce).await;
    }
    for (_, node) in std::mem::take(&mut fixture.nodes) {
        node.shut_down().await.unwrap();
    }
    let genesis = fixture.members.genesis();
    let state = genesis_state(genesis).unwrap();
    let open = |seat| LedgerStore::open(fixture.ledger_path(seat), genesis, &state).unwrap();
    let ledgers = [0, 1, 2, 3].map(open);
    let heights = ledgers.iter().map(|ledger| ledger.height().unwrap());
    let common = heights.min().unwrap();
    let mut signers = BTreeSet::new();
    let mut digests = BTreeSet::new();
    for ledger in &ledgers {
        let mut record = ChainRecord::genesis(genesis, Mode::Credit).unwrap();
        for height in (1..=common.0).map(Height) {
            let block = ledger.block(height).unwrap();
            record.follow(&block.header, &block.attestations, &[]);
            let commits = block.attestations.iter();
            let commits = commits.filter(|vote| vote.attested == Attested::Commit);
            signers.extend(commits.map(|vote| vote.signer));
        }
        digests.insert(record.digest());
    }
    assert_eq!(digests.len(), 1, "up to height {common}");
    assert_eq!(signers, (0..4).map(ReplicaId).collect());
}
