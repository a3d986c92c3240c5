//! Members that tell of a chain of two blocks, to clients that were away for long.

use medshare_ledger::Anchor;
use medshare_types::certificate::{Ballot, CommitCertificate, Phase};
use medshare_types::genesis::{ChainParameters, Genesis, GenesisAuthority, GenesisMember};
use medshare_types::keystore::BoxFuture;
use medshare_types::wire::to_borsh;
use medshare_types::{
    BlockHeader, Committee, Digest, ExecutedRoots, G1Bytes, Height, SigningKey, View,
};

use super::*;
use crate::client::{ConsortiumClient, ExchangeError};

const DAY_MS: u64 = 24 * 3_600_000;

/// The last block of epoch 0, and a block of epoch 1.
#[derive(Clone)]
struct Told {
    genesis: Genesis,
    boundary: Boundary,
    tip: CertifiedHeader,
}

impl Told {
    /// Founded so many days ago; both blocks are of this moment.
    fn founded(days: u64) -> Self {
        let keys: Vec<_> = (0..4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
        let member = |(n, key): (usize, &SigningKey)| GenesisMember {
            name: format!("member-{n}"),
            key: key.verifying_key(),
            holder_key: G1Bytes([0; 48]),
        };
        let genesis = Genesis {
            salt: [0; 32],
            created: Timestamp::from_millis(clock::now().as_millis() - days * DAY_MS),
            members: keys.iter().enumerate().map(member).collect(),
            authority: GenesisAuthority { parameters: vec![] },
            parameters: ChainParameters::default(),
        };
        let next = Committee::new(Epoch(1), genesis.voters().unwrap()).unwrap();
        let block = |height, epoch| {
            let header = BlockHeader {
                chain: genesis.chain_id(),
                height: Height(height),
                epoch: Epoch(epoch),
                view: View(0),
                proposer: ReplicaId(0),
                previous: Digest::ZERO,
                time: clock::now(),
                transactions: Digest::ZERO,
                attestations: Digest::ZERO,
                executed: ExecutedRoots {
                    height: Height(height - 1),
                    state: Digest::ZERO,
                    receipts: Digest::ZERO,
                },
                next_committee: next.digest(),
            };
            certified(header, &keys)
        };
        Self {
            tip: block(2, 1),
            boundary: Boundary {
                certified: block(1, 0),
                committee: next,
            },
            genesis,
        }
    }

    fn join(&self, anchor: TrustAnchor) -> Chain {
        Chain::new(anchor, Arc::new(self.clone())).unwrap()
    }

    fn end(&self) -> Anchor {
        Anchor {
            header: self.boundary.certified.header.clone(),
            committee: self.boundary.committee.clone(),
        }
    }

    /// The end of epoch 0 beside the genesis, in the encoding of trust anchors.
    fn newer_anchor(&self) -> Vec<u8> {
        encoded(&self.genesis, &[self.end()])
    }
}

fn encoded(genesis: &Genesis, ends: &[Anchor]) -> Vec<u8> {
    [&b"mTAN\0\x01"[..], &to_borsh(&(genesis, ends))].concat()
}

fn certified(header: BlockHeader, keys: &[SigningKey]) -> CertifiedHeader {
    let ballot = Ballot {
        epoch: header.epoch,
        view: header.view,
        height: header.height,
        digest: header.digest(),
    };
    let statement = ballot.statement(&header.chain, Phase::Commit);
    let votes = (0..3).map(|n| (ReplicaId(n), keys[usize::from(n)].sign(&statement)));
    let votes = votes.collect();
    CertifiedHeader {
        header,
        certificate: CommitCertificate { ballot, votes },
    }
}

impl ConsortiumClient for Told {
    fn exchange(
        &self,
        _: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, std::result::Result<Vec<u8>, ExchangeError>> {
        let answer = match RpcRequest::from_wire(&request).unwrap() {
            RpcRequest::Tip => RpcResponse::Tip(Box::new(self.tip.clone())),
            RpcRequest::Boundaries(Epoch(0)) => {
                RpcResponse::Boundaries(vec![self.boundary.clone()])
            }
            _ => RpcResponse::Boundaries(vec![]),
        };
        Box::pin(std::future::ready(Ok(answer.to_wire())))
    }
}

#[tokio::test]
async fn a_client_that_was_away_too_long_needs_a_newer_anchor() {
    // Within the trust period the genesis is enough.
    let recent = Told::founded(89);
    let chain = recent.join(TrustAnchor::new(recent.genesis.clone()));
    assert_eq!(chain.height(ReplicaId(0)).await.unwrap(), Height(1));
    assert_eq!(chain.trust_anchor().to_bytes(), recent.newer_anchor());

    let old = Told::founded(91);
    let chain = old.join(TrustAnchor::new(old.genesis.clone()));
    let error = chain.height(ReplicaId(0)).await.unwrap_err();
    let is_stale = matches!(&error, Error::InvalidProof {
        source: VerifyError::Stale { since, .. },
        ..
    } if *since == old.genesis.created);
    assert!(is_stale, "{error:?}");
    assert!(error.to_string().contains("newer anchor"), "{error}");
    assert_eq!(chain.trust_anchor().as_of(), old.genesis.created);

    let newer = TrustAnchor::from_bytes(&old.newer_anchor()).unwrap();
    assert_eq!(newer.as_of(), old.boundary.certified.header.time);
    old.join(newer).height(ReplicaId(0)).await.unwrap();
}

/// A header of the newest known epoch that was verified lately is as good as a newer anchor.
#[tokio::test]
async fn a_client_that_reads_is_not_away() {
    let old = Told::founded(91);
    let chain = old.join(TrustAnchor::new(old.genesis.clone()));
    let last = &old.boundary.certified;
    let check = |light: &LightClient| light.verify_header(last);
    chain.verified(ReplicaId(0), last, check).await.unwrap();
    chain.height(ReplicaId(0)).await.unwrap();
}

#[cfg(feature = "in-process")]
#[tokio::test]
async fn members_of_this_process_are_followed_however_old_the_chain() {
    let old = Told::founded(2_000);
    let chain = old.join(TrustAnchor::new(old.genesis.clone()));
    chain.follow_own_members().await;
    assert_eq!(chain.light().epoch(), Epoch(1));
    assert_eq!(chain.sibling().unwrap().light().epoch(), Epoch(1));
    chain.height(ReplicaId(0)).await.unwrap();
}

#[test]
fn what_was_followed_is_not_replaced() {
    let told = Told::founded(1);
    let light = LightClient::new(&told.genesis).unwrap();
    let epochs = Epochs::new(light, 4);
    let base = epochs.light();
    let mut followed = base.as_ref().clone();
    followed.follow(&told.boundary).unwrap();
    epochs.keep(&base, followed);
    // Another call, from the same base, was slower and followed nothing.
    epochs.keep(&base, base.as_ref().clone());
    assert_eq!(epochs.light().epoch(), Epoch(1));
}

#[test]
fn a_trust_anchor_is_whole_or_refused() {
    let told = Told::founded(1);
    let good = told.newer_anchor();
    assert_eq!(TrustAnchor::from_bytes(&good).unwrap().to_bytes(), good);
    for length in 0..good.len() {
        TrustAnchor::from_bytes(&good[..length]).unwrap_err();
    }
    for at in 0..good.len() {
        let mut altered = good.clone();
        altered[at] ^= 1 << (at % 8);
        if let Ok(anchor) = TrustAnchor::from_bytes(&altered) {
            assert_eq!(anchor.to_bytes(), altered, "byte {at}");
        }
    }
    // None, twice the same, or not the end of an epoch of this chain.
    let other = Told::founded(2).end();
    for ends in [vec![], vec![told.end(), told.end()], vec![other]] {
        let error = TrustAnchor::from_bytes(&encoded(&told.genesis, &ends)).unwrap_err();
        assert_eq!(error.code(), "invalid_genesis");
    }
}

/// The newest ends stay.
#[test]
fn a_trust_anchor_keeps_so_many_ends() {
    let told = Told::founded(1);
    let mut anchor = TrustAnchor::new(told.genesis.clone());
    let members = told.genesis.voters().unwrap();
    for epoch in 0..20 {
        let committee = Committee::new(Epoch(epoch + 1), members.clone()).unwrap();
        let mut header = told.boundary.certified.header.clone();
        header.epoch = Epoch(epoch);
        header.height = Height(epoch + 1);
        header.next_committee = committee.digest();
        let end = Anchor { header, committee };
        anchor = anchor.with(Some(end.clone()));
        assert_eq!(anchor.with(Some(end)), anchor, "once");
    }
    let read = TrustAnchor::from_bytes(&anchor.to_bytes()).unwrap();
    assert_eq!(read, anchor);
    let light = read.light().unwrap();
    let known = (0..21).filter(|epoch| light.committee(Epoch(*epoch)).is_some());
    assert!(known.eq(std::iter::once(0).chain(5..21)));
}
