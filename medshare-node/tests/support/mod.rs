//! What the tests of the node share: members over a transport that the test listens to and speaks
//! into, and clients that verify what they are told.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file is a crate of its own, uses a part of this, and fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use medshare_contract::state::UsedMark;
use medshare_contract::{Call, keys};
use medshare_ledger::{LightClient, RefusalCode, RpcRequest, RpcResponse, Transaction};
use medshare_node::secrets::{HOLDER_KEY, SIGNING_KEY};
use medshare_node::transport::{Inbox, InboxSender, Link, Outbound, SendError, inbox};
use medshare_node::{NodeConfig, NodeHandle, NodeSecrets};
use medshare_threshold::HolderKeyPair;
use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
use medshare_types::keystore::{BoxFuture, KeyStore, KeyStoreError};
use medshare_types::{
    AccessClass, Denial, Digest, GateKey, Genesis, GrantId, Nonce, OrganisationId, Outcome,
    ReplicaId, SigningKey, Timestamp, Wire,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use zeroize::Zeroizing;

pub const SEATS: u16 = 4;

/// Secrets in memory.
#[derive(Default)]
pub struct MemoryKeys(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryKeys {
    pub fn get(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        let found = self.0.lock().unwrap().get(name).cloned();
        found.map(Zeroizing::new)
    }
}

impl KeyStore for MemoryKeys {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError>> {
        Box::pin(std::future::ready(Ok(self.get(name))))
    }

    fn store<'a>(
        &'a self,
        name: &'a str,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<(), KeyStoreError>> {
        let mut entries = self.0.lock().unwrap();
        entries.insert(name.to_owned(), secret.to_vec());
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The wires between members: everything sent is also kept, and the test can speak for anybody.
pub struct Wires {
    inboxes: Vec<InboxSender>,
    heard: Mutex<Vec<Bytes>>,
    /// Every frame is delivered once more under each of these names.
    echoes: Mutex<Vec<ReplicaId>>,
    /// Seats that say and hear nothing.
    cut: Mutex<BTreeSet<ReplicaId>>,
}

impl Wires {
    pub fn heard(&self) -> Vec<Bytes> {
        self.heard.lock().unwrap().clone()
    }

    pub fn cut(&self, seat: u16) {
        self.cut.lock().unwrap().insert(ReplicaId(seat));
    }

    pub fn mend(&self, seat: u16) {
        self.cut.lock().unwrap().remove(&ReplicaId(seat));
    }

    pub fn echo_as(&self, names: &[u16]) {
        *self.echoes.lock().unwrap() = names.iter().copied().map(ReplicaId).collect();
    }

    /// Delivers a frame under whatever name, waiting for room in the inbox.
    pub async fn say(&self, to: u16, as_if_from: u16, frame: Bytes) {
        let inbox = &self.inboxes[usize::from(to)];
        while inbox.try_send(ReplicaId(as_if_from), frame.clone()) == Err(SendError::Full) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct Outlet {
    own: ReplicaId,
    wires: Arc<Wires>,
}

impl Outbound for Outlet {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        let cut = self.wires.cut.lock().unwrap().clone();
        if cut.contains(&self.own) {
            return false;
        }
        self.wires.heard.lock().unwrap().push(frame.clone());
        if cut.contains(&to) {
            return false;
        }
        let Some(inbox) = self.wires.inboxes.get(to.index()) else {
            return false;
        };
        for name in self.wires.echoes.lock().unwrap().iter() {
            let _ = inbox.try_send(*name, frame.clone());
        }
        inbox.try_send(self.own, frame).is_ok()
    }
}

/// Four organisations, some of whose members run.
pub struct World {
    pub genesis: Genesis,
    pub keys: Vec<Arc<MemoryKeys>>,
    pub wires: Arc<Wires>,
    pub members: BTreeMap<u16, NodeHandle>,
    inbound: BTreeMap<u16, Inbox>,
    folder: tempfile::TempDir,
}

impl World {
    /// Only these seats are started. The inboxes of the others fill up and are never read.
    pub async fn with_members(seats: &[u16]) -> Self {
        let (mut members, mut keys) = (Vec::new(), Vec::new());
        for seat in 0..SEATS {
            let secrets = NodeSecrets::random(&mut rng(seat.into()));
            let store = Arc::new(MemoryKeys::default());
            secrets.store(&*store).await.unwrap();
            keys.push(store);
            members.push(GenesisMember {
                name: format!("member-{seat}"),
                key: secrets.verifying_key(),
                holder_key: secrets.holder_public(),
            });
        }
        let genesis = Genesis {
            salt: [7; 32],
            created: Timestamp::from_millis(1),
            members,
            authority: GenesisAuthority {
                parameters: Vec::new(),
            },
            parameters: ChainParameters::default(),
        };
        let (inboxes, inbound): (Vec<_>, Vec<_>) = (0..SEATS).map(|_| inbox(SEATS)).unzip();
        let mut world = Self {
            genesis,
            keys,
            wires: Arc::new(Wires {
                inboxes,
                heard: Mutex::default(),
                echoes: Mutex::default(),
                cut: Mutex::default(),
            }),
            members: BTreeMap::new(),
            inbound: (0..SEATS).zip(inbound).collect(),
            folder: tempfile::tempdir().unwrap(),
        };
        for seat in seats {
            world.start(*seat).await;
        }
        world
    }

    pub async fn start(&mut self, seat: u16) {
        let link = Link {
            outbound: Arc::new(Outlet {
                own: ReplicaId(seat),
                wires: Arc::clone(&self.wires),
            }),
            inbound: self.inbound.remove(&seat).unwrap(),
        };
        let folder = self.folder.path().join(seat.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let config = NodeConfig {
            genesis: self.genesis.clone(),
            replica: ReplicaId(seat),
            folder,
            keys: self.keys[usize::from(seat)].clone(),
        };
        let handle = NodeHandle::start(config, link).await.unwrap();
        self.members.insert(seat, handle);
    }

    pub async fn shut_down(self) {
        for (seat, handle) in self.members {
            let ended = handle.shut_down().await;
            assert!(ended.is_ok(), "member {seat}: {ended:?}");
        }
    }

    pub fn organisation(&self, seat: u16) -> OrganisationId {
        self.genesis.members[usize::from(seat)].organisation()
    }

    pub fn signing_key(&self, seat: u16) -> SigningKey {
        let seed = self.keys[usize::from(seat)].get(SIGNING_KEY).unwrap();
        SigningKey::from_seed(seed.as_slice().try_into().unwrap())
    }

    pub fn holder_pair(&self, seat: u16) -> HolderKeyPair {
        let secret = self.keys[usize::from(seat)].get(HOLDER_KEY).unwrap();
        HolderKeyPair::from_bytes(secret.as_slice().try_into().unwrap()).unwrap()
    }

    /// A transaction of the organisation at `seat`.
    pub fn sign(&self, seat: u16, nonce: u8, call: &Call) -> Transaction {
        let chain = self.genesis.chain_id();
        let sender = self.organisation(seat).into();
        let key = self.signing_key(seat);
        Transaction::sign(chain, sender, Nonce([nonce; 16]), call.to_wire(), &key)
    }

    /// Sends raw bytes to a member, as a client.
    pub async fn ask_raw(&self, member: u16, request: Vec<u8>) -> RpcResponse {
        let client = self.members[&member].client();
        let answer = tokio::time::timeout(Duration::from_secs(30), client.request(request));
        RpcResponse::from_wire(&answer.await.unwrap().unwrap()).unwrap()
    }

    pub async fn ask(&self, member: u16, request: &RpcRequest) -> RpcResponse {
        self.ask_raw(member, request.to_wire()).await
    }

    /// Hands a transaction in at a member and returns how it ended, by proof.
    pub async fn order(&self, member: u16, transaction: Transaction) -> Outcome {
        let id = transaction.id();
        let submit = RpcRequest::Submit(Box::new(transaction));
        let answer = self.ask(member, &submit).await;
        assert_eq!(answer, RpcResponse::Accepted(id));
        let answer = self.ask(member, &RpcRequest::ReceiptOf(id)).await;
        let RpcResponse::Receipt(proof) = answer else {
            panic!("{answer:?}");
        };
        let light = LightClient::new(&self.genesis).unwrap();
        let verified = light.verify_receipt(&id, &proof).unwrap();
        verified.receipt().outcome.clone()
    }

    /// What a member's state holds, by proof, once any of it is certified.
    pub async fn state<T: Wire>(&self, member: u16, key: Digest) -> Option<T> {
        let light = LightClient::new(&self.genesis).unwrap();
        loop {
            match self.ask(member, &RpcRequest::State(key)).await {
                RpcResponse::State(proof) => {
                    let verified = light.verify_state(&key, &proof).unwrap();
                    return verified.value().map(|value| T::from_wire(value).unwrap());
                }
                RpcResponse::Refused(refusal) if refusal.code == RefusalCode::NotYetCertified => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits until the state of a member is as wanted; fails after half a minute.
    pub async fn wait_for<T: Wire>(
        &self,
        member: u16,
        key: Digest,
        wanted: impl Fn(&T) -> bool,
    ) -> T {
        for _ in 0..6_000 {
            if let Some(value) = self.state::<T>(member, key).await.filter(&wanted) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("member {member} never came to that state");
    }

    pub async fn gate_key(&self, member: u16) -> Option<GateKey> {
        self.state(member, keys::gate_key(AccessClass::Normal))
            .await
    }

    /// The consortium still orders and executes: what is ordered leaves its mark on every running
    /// member.
    pub async fn assert_goes_on(&self, nonce: u8) {
        let outcome = self.order(0, self.sign(3, nonce, &no_grant())).await;
        assert_eq!(outcome, Outcome::Denied(Denial::UnknownGrant));
        for member in self.members.keys() {
            let place = self.mark(3, nonce);
            self.wait_for::<UsedMark>(*member, place, |_| true).await;
        }
    }

    /// Where the state notes that a transaction of this nonce was executed.
    pub fn mark(&self, seat: u16, nonce: u8) -> Digest {
        keys::used_nonce(&self.organisation(seat).into(), &Nonce([nonce; 16]))
    }
}

/// A call that means nothing, and is denied for that.
pub fn no_grant() -> Call {
    let grant = GrantId::from_digest(Digest::ZERO);
    Call::RevokeGrant { grant }
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}
