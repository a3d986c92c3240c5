//! A client that was away for longer than the trust period, on a chain of one boundary.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::now;
use medshare_ledger::{Anchor, Boundary, CertifiedHeader, RpcRequest, RpcResponse, VerifyError};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::issuer::{AttributeIssuer, KeyRequest, SealedKey};
use medshare_sdk::keystore::{BoxFuture, MemoryKeyStore};
use medshare_sdk::{
    Consortium, ConsortiumClient, ConsortiumParts, Error, MasterSecretKey, ReplicaId, TrustAnchor,
    os_random,
};
use medshare_types::attestation::attestations_root;
use medshare_types::certificate::{Ballot, CommitCertificate, Phase};
use medshare_types::genesis::{ChainParameters, Genesis, GenesisAuthority, GenesisMember};
use medshare_types::wire::to_borsh;
use medshare_types::{
    BlockHeader, Committee, Digest, Epoch, ExecutedRoots, G1Bytes, Height, SigningKey, Timestamp,
    View, Wire as _,
};

const DAY_MS: u64 = 24 * 3_600_000;

struct NoIssuer;

impl AttributeIssuer for NoIssuer {
    fn issue<'a>(&'a self, _: &'a KeyRequest) -> BoxFuture<'a, medshare_sdk::Result<SealedKey>> {
        Box::pin(std::future::ready(Err(Error::Unreachable)))
    }
}

/// Members that answer with the tip of a chain of two blocks, each the only one of its epoch so far.
#[derive(Clone)]
struct Chain {
    genesis: Genesis,
    boundary: Boundary,
    tip: CertifiedHeader,
}

impl Chain {
    /// Founded so many days ago; the boundary and the tip are of this moment.
    fn founded(days: u64) -> Self {
        let keys: Vec<_> = (0..4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
        let member = |(n, key): (usize, &SigningKey)| GenesisMember {
            name: format!("member-{n}"),
            key: key.verifying_key(),
            holder_key: G1Bytes([0; 48]),
        };
        let (parameters, _) = MasterSecretKey::setup(&mut os_random());
        let genesis = Genesis {
            salt: [0; 32],
            created: Timestamp::from_millis(now().as_millis() - days * DAY_MS),
            members: keys.iter().enumerate().map(member).collect(),
            authority: GenesisAuthority {
                parameters: parameters.to_bytes(),
            },
            parameters: ChainParameters::default(),
        };
        let members = genesis.voters().unwrap();
        let next = Committee::new(Epoch(1), members).unwrap();
        let last = block(&genesis, Height(1), Epoch(0), &next);
        let tip = block(&genesis, Height(2), Epoch(1), &next);
        Self {
            boundary: Boundary {
                certified: certified(last, &keys),
                committee: next,
            },
            tip: certified(tip, &keys),
            genesis,
        }
    }

    fn join(&self, anchor: TrustAnchor) -> Consortium {
        Consortium::connect(ConsortiumParts {
            anchor,
            client: Arc::new(self.clone()),
            stores: BTreeMap::new(),
            issuer: Arc::new(NoIssuer),
            people: Arc::new(MemoryKeyStore::new()),
            organisations: BTreeMap::new(),
        })
        .unwrap()
    }

    /// The end of epoch 0 beside the genesis, in the encoding of trust anchors.
    fn newer_anchor(&self) -> Vec<u8> {
        let end = Anchor {
            header: self.boundary.certified.header.clone(),
            committee: self.boundary.committee.clone(),
        };
        let fields = to_borsh(&(&self.genesis, vec![end]));
        [&b"mTAN\0\x01"[..], &fields].concat()
    }
}

fn block(genesis: &Genesis, height: Height, epoch: Epoch, next: &Committee) -> BlockHeader {
    BlockHeader {
        chain: genesis.chain_id(),
        height,
        epoch,
        view: View(0),
        proposer: ReplicaId(0),
        previous: Digest::ZERO,
        time: now(),
        transactions: Digest::ZERO,
        attestations: attestations_root(&[]),
        executed: ExecutedRoots {
            height: Height(height.0 - 1),
            state: Digest::ZERO,
            receipts: Digest::ZERO,
        },
        next_committee: next.digest(),
    }
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

impl ConsortiumClient for Chain {
    fn exchange(
        &self,
        _: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        let answer = match RpcRequest::from_wire(&request).unwrap() {
            RpcRequest::Tip => RpcResponse::Tip(Box::new(self.tip.clone())),
            RpcRequest::Boundaries(Epoch(0)) => {
                RpcResponse::Boundaries(vec![self.boundary.clone()])
            }
            other => panic!("{other:?}"),
        };
        Box::pin(std::future::ready(Ok(answer.to_wire())))
    }
}

#[tokio::test]
async fn a_client_that_was_away_too_long_needs_a_newer_anchor() {
    // Within the trust period the genesis is enough.
    let recent = Chain::founded(89);
    let consortium = recent.join(TrustAnchor::new(recent.genesis.clone()));
    consortium.watch().await.unwrap();
    assert_eq!(consortium.trust_anchor().to_bytes(), recent.newer_anchor());

    let old = Chain::founded(91);
    let consortium = old.join(TrustAnchor::new(old.genesis.clone()));
    let error = consortium.watch().await.unwrap_err();
    let stale = |error: &Error| {
        matches!(error, Error::InvalidProof { source: VerifyError::Stale { since, .. }, .. }
            if *since == old.genesis.created)
    };
    assert!(stale(&error), "{error:?}");
    assert!(error.to_string().contains("newer anchor"), "{error}");
    assert_eq!(consortium.trust_anchor().as_of(), old.genesis.created);

    let newer = TrustAnchor::from_bytes(&old.newer_anchor()).unwrap();
    assert_eq!(newer.as_of(), old.boundary.certified.header.time);
    assert_eq!(newer.to_bytes(), old.newer_anchor());
    old.join(newer).watch().await.unwrap();
}

#[test]
fn a_trust_anchor_is_whole_or_refused() {
    let chain = Chain::founded(1);
    let good = chain.newer_anchor();
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
    // Not the end of an epoch of this chain; none; and twice the same.
    let other = Chain::founded(2);
    let end = |chain: &Chain| Anchor {
        header: chain.boundary.certified.header.clone(),
        committee: chain.boundary.committee.clone(),
    };
    for ends in [vec![], vec![end(&other)], vec![end(&chain), end(&chain)]] {
        let fields = to_borsh(&(&chain.genesis, ends));
        let error = TrustAnchor::from_bytes(&[&b"mTAN\0\x01"[..], &fields].concat());
        assert_eq!(error.unwrap_err().code(), "invalid_genesis");
    }
}
