//! Four organisations over a transport in the test's hands, and a client that verifies answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use medshare_contract::state::UsedMark;
use medshare_contract::{Call, keys};
use medshare_host::Machine;
use medshare_host::keystore::{KeyStore as _, MemoryKeyStore};
use medshare_ledger::{
    Boundary, LightClient, ReceiptProof, RefusalCode, RpcRequest, RpcResponse, Transaction,
    VerifyError,
};
use medshare_node::fault_injection::Faults;
use medshare_node::secrets::{HOLDER_KEY, SIGNING_KEY};
use medshare_node::transport::{Inbox, InboxSender, Link, Outbound, SendError, inbox};
use medshare_node::{DEFAULT_DISK_FLOOR, NodeConfig, NodeHandle, NodeSecrets, Recovery};
use medshare_testkit::fixtures::{Members, rng};
use medshare_threshold::HolderKeyPair;
use medshare_types::genesis::ChainParameters;
use medshare_types::{
    AccessClass, BlockHeader, ChainId, Denial, Digest, Epoch, GateKey, GrantId, Nonce,
    OrganisationId, Outcome, ReplicaId, SigningKey, Timestamp, TransactionId, Wire,
};
use zeroize::Zeroizing;

const SEATS: u16 = 4;

/// The transport: it keeps all frames, and the test can send under any seat.
pub(crate) struct Network {
    inboxes: Mutex<Vec<InboxSender>>,
    frames: Mutex<Vec<Bytes>>,
    /// Each frame is delivered once more under each of these seats.
    echoes: Mutex<Vec<ReplicaId>>,
    /// Seats whose frames are lost in both directions.
    cut: Mutex<BTreeSet<ReplicaId>>,
}

impl Network {
    /// All frames that nodes sent so far, those to seats that are cut off included.
    pub(crate) fn frames(&self) -> Vec<Bytes> {
        self.frames.lock().unwrap().clone()
    }

    pub(crate) fn cut(&self, seat: u16) {
        self.cut.lock().unwrap().insert(ReplicaId(seat));
    }

    pub(crate) fn mend(&self, seat: u16) {
        self.cut.lock().unwrap().remove(&ReplicaId(seat));
    }

    pub(crate) fn echo_under(&self, seats: &[u16]) {
        *self.echoes.lock().unwrap() = seats.iter().copied().map(ReplicaId).collect();
    }

    /// Delivers a frame under a seat of the test's choice, waiting for room in the inbox.
    pub(crate) async fn deliver(&self, to: u16, sender: u16, frame: Bytes) {
        let inbox = self.inboxes.lock().unwrap()[usize::from(to)].clone();
        while inbox.try_send(ReplicaId(sender), frame.clone()) == Err(SendError::Full) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct Outlet {
    own: ReplicaId,
    network: Arc<Network>,
}

impl Outbound for Outlet {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        let cut = self.network.cut.lock().unwrap().clone();
        if cut.contains(&self.own) {
            return false;
        }
        self.network.frames.lock().unwrap().push(frame.clone());
        let inboxes = self.network.inboxes.lock().unwrap();
        let Some(inbox) = inboxes.get(to.index()).filter(|_| !cut.contains(&to)) else {
            return false;
        };
        for seat in self.network.echoes.lock().unwrap().iter() {
            let _ = inbox.try_send(*seat, frame.clone());
        }
        inbox.try_send(self.own, frame).is_ok()
    }
}

/// Four organisations, some of which run a node.
pub(crate) struct Fixture {
    pub(crate) members: Members,
    pub(crate) network: Arc<Network>,
    pub(crate) nodes: BTreeMap<u16, NodeHandle>,
    key_stores: Vec<Arc<MemoryKeyStore>>,
    inbound: BTreeMap<u16, Inbox>,
    pub(crate) faults: Arc<Faults>,
    light: Mutex<LightClient>,
    folder: tempfile::TempDir,
}

impl Fixture {
    /// Starts the nodes of these seats. The inboxes of the others fill up and are never read.
    pub(crate) async fn start(seats: &[u16]) -> Self {
        Self::start_with(seats, ChainParameters::default()).await
    }

    pub(crate) async fn start_with(seats: &[u16], parameters: ChainParameters) -> Self {
        let mut signing_keys = Vec::new();
        let mut holder_keys = Vec::new();
        let mut key_stores = Vec::new();
        for seat in 0..SEATS {
            let secrets = NodeSecrets::random(&mut rng(seat.into()));
            let store = Arc::new(MemoryKeyStore::new());
            secrets.store(&*store).await.unwrap();
            let seed = store.load(SIGNING_KEY).await.unwrap().unwrap();
            signing_keys.push(SigningKey::from_seed(seed.as_slice().try_into().unwrap()));
            holder_keys.push(secrets.holder_public());
            key_stores.push(store);
        }
        let members = Members::of_keys(signing_keys)
            .with_holder_keys(holder_keys)
            .with_salt([7; 32])
            .with_created(Timestamp::from_millis(1))
            .with_parameters(parameters);
        let (inboxes, inbound): (Vec<_>, Vec<_>) = (0..SEATS).map(|_| inbox(SEATS)).unzip();
        let light = LightClient::new(members.genesis()).unwrap();
        let mut fixture = Self {
            members,
            light: Mutex::new(light),
            network: Arc::new(Network {
                inboxes: Mutex::new(inboxes),
                frames: Mutex::default(),
                echoes: Mutex::default(),
                cut: Mutex::default(),
            }),
            nodes: BTreeMap::new(),
            key_stores,
            inbound: (0..SEATS).zip(inbound).collect(),
            faults: Faults::new(SEATS),
            folder: tempfile::tempdir().unwrap(),
        };
        for seat in seats {
            fixture.start_node(*seat).await;
        }
        fixture
    }

    pub(crate) async fn start_node(&mut self, seat: u16) {
        let machine = self.faults.machine(ReplicaId(seat));
        self.start_node_on(seat, machine).await;
    }

    pub(crate) async fn start_node_on(&mut self, seat: u16, machine: Arc<dyn Machine>) {
        let link = Link {
            outbound: Arc::new(Outlet {
                own: ReplicaId(seat),
                network: Arc::clone(&self.network),
            }),
            inbound: self.inbound.remove(&seat).unwrap(),
        };
        let folder = self.folder.path().join(seat.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let config = NodeConfig {
            genesis: self.members.genesis().clone(),
            replica: ReplicaId(seat),
            folder,
            keys: self.key_stores[usize::from(seat)].clone(),
            machine,
            recovery: Recovery::default(),
            disk_floor: DEFAULT_DISK_FLOOR,
        };
        let handle = NodeHandle::start(config, link).await.unwrap();
        self.nodes.insert(seat, handle);
    }

    /// Stops a node; frames to it are lost until it is started again.
    pub(crate) async fn stop_node(&mut self, seat: u16) {
        let handle = self.nodes.remove(&seat).unwrap();
        let ended = handle.shut_down().await;
        assert!(ended.is_ok(), "node {seat}: {ended:?}");
        let (sender, inbound) = inbox(SEATS);
        self.network.inboxes.lock().unwrap()[usize::from(seat)] = sender;
        self.inbound.insert(seat, inbound);
    }

    pub(crate) async fn shut_down(self) {
        for (seat, handle) in self.nodes {
            let ended = handle.shut_down().await;
            assert!(ended.is_ok(), "node {seat}: {ended:?}");
        }
    }

    /// The ledger file of a node, which must be closed to be opened.
    pub(crate) fn ledger_path(&self, seat: u16) -> std::path::PathBuf {
        self.folder
            .path()
            .join(seat.to_string())
            .join("ledger.redb")
    }

    pub(crate) fn chain(&self) -> ChainId {
        self.members.chain()
    }

    pub(crate) fn organisation(&self, seat: u16) -> OrganisationId {
        self.members.organisation(seat)
    }

    /// A secret that the node at `seat` keeps.
    pub(crate) fn secret(&self, seat: u16, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        let store = &self.key_stores[usize::from(seat)];
        store.load(name).now_or_never().unwrap().unwrap()
    }

    pub(crate) fn holder_pair(&self, seat: u16) -> HolderKeyPair {
        let secret = self.secret(seat, HOLDER_KEY).unwrap();
        HolderKeyPair::from_bytes(secret.as_slice().try_into().unwrap()).unwrap()
    }

    /// Signs a transaction of the organisation at `seat`.
    pub(crate) fn sign(&self, seat: u16, nonce: u8, call: &Call) -> Transaction {
        let sender = self.organisation(seat).into();
        let key = self.members.key(seat);
        Transaction::sign(
            self.chain(),
            sender,
            Nonce([nonce; 16]),
            call.to_wire(),
            key,
        )
    }

    /// Sends raw bytes to a node, as a client.
    pub(crate) async fn ask_raw(&self, seat: u16, request: Vec<u8>) -> RpcResponse {
        let client = self.nodes[&seat].client();
        let asking = async {
            loop {
                match client.request(request.clone()).await {
                    Ok(answer) => break answer,
                    // A node whose disk fills up in the midst of a request hangs up.
                    Err(SendError::Gone) if client.end().await.is_none() => {}
                    Err(error) => panic!("seat {seat}: {error}"),
                }
            }
        };
        let answer = tokio::time::timeout(Duration::from_secs(30), asking);
        RpcResponse::from_wire(&answer.await.unwrap()).unwrap()
    }

    pub(crate) async fn ask(&self, seat: u16, request: &RpcRequest) -> RpcResponse {
        self.ask_raw(seat, request.to_wire()).await
    }

    /// Submits a transaction to a node and returns its outcome, by proof.
    pub(crate) async fn order(&self, seat: u16, transaction: Transaction) -> Outcome {
        let id = transaction.id();
        let submit = RpcRequest::Submit(Box::new(transaction));
        let answer = self.ask(seat, &submit).await;
        assert_eq!(answer, RpcResponse::Accepted(id));
        let proof = self.receipt(seat, id).await;
        let check = |light: &LightClient| {
            let verified = light.verify_receipt(&id, &proof)?;
            Ok(verified.receipt().outcome.clone())
        };
        self.verified(seat, check).await
    }

    /// Checks an answer of a node, and follows its boundaries where the answer needs them.
    pub(crate) async fn verified<T>(
        &self,
        seat: u16,
        check: impl Fn(&LightClient) -> Result<T, VerifyError>,
    ) -> T {
        loop {
            let checked = check(&self.light.lock().unwrap());
            let followed = match checked {
                Ok(checked) => return checked,
                Err(VerifyError::UnknownEpoch { followed, .. }) => followed,
                Err(error) => panic!("node {seat}: {error}"),
            };
            let boundaries = self.boundaries(seat, followed).await;
            assert!(!boundaries.is_empty(), "node {seat}, from epoch {followed}");
            let mut light = self.light.lock().unwrap();
            for boundary in &boundaries {
                light.follow(boundary).unwrap();
            }
        }
    }

    pub(crate) async fn boundaries(&self, seat: u16, from: Epoch) -> Vec<Boundary> {
        match self.ask(seat, &RpcRequest::Boundaries(from)).await {
            RpcResponse::Boundaries(boundaries) => boundaries,
            other => panic!("node {seat}: {other:?}"),
        }
    }

    /// The newest header of a node, verified, once there is one.
    pub(crate) async fn tip(&self, seat: u16) -> BlockHeader {
        loop {
            match self.ask(seat, &RpcRequest::Tip).await {
                RpcResponse::Tip(tip) => {
                    let check = |light: &LightClient| light.verify_header(&tip);
                    return self.verified(seat, check).await.header().clone();
                }
                RpcResponse::Refused(refusal) if refusal.code == RefusalCode::NotYetCertified => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                other => panic!("node {seat}: {other:?}"),
            }
        }
    }

    /// A receipt, asked for until a node has it; fails after half a minute.
    async fn receipt(&self, seat: u16, id: TransactionId) -> Box<ReceiptProof> {
        for _ in 0..15 {
            match self.ask(seat, &RpcRequest::ReceiptOf(id)).await {
                RpcResponse::Receipt(proof) => return proof,
                RpcResponse::Pending => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("node {seat} never had the receipt");
    }

    /// Reads a value of a node's state, by proof, once any state is certified.
    pub(crate) async fn state<T: Wire>(&self, seat: u16, key: Digest) -> Option<T> {
        loop {
            match self.ask(seat, &RpcRequest::State(key)).await {
                RpcResponse::State(proof) => {
                    let check = |light: &LightClient| light.verify_state(&key, &proof);
                    let verified = self.verified(seat, check).await;
                    return verified.value().map(|value| T::from_wire(value).unwrap());
                }
                RpcResponse::Refused(refusal) if refusal.code == RefusalCode::NotYetCertified => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits until a value of a node's state is as wanted; fails after half a minute.
    pub(crate) async fn wait_for<T: Wire>(
        &self,
        seat: u16,
        key: Digest,
        wanted: impl Fn(&T) -> bool,
    ) -> T {
        for _ in 0..6_000 {
            if let Some(value) = self.state::<T>(seat, key).await.filter(&wanted) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("node {seat} never came to that state");
    }

    pub(crate) async fn gate_key(&self, seat: u16) -> Option<GateKey> {
        self.state(seat, keys::gate_key(AccessClass::Normal)).await
    }

    /// Checks that the consortium still orders and executes: an ordered transaction leaves its mark
    /// on each running node.
    pub(crate) async fn assert_goes_on(&self, nonce: u8) {
        let outcome = self.order(0, self.sign(3, nonce, &no_grant())).await;
        assert_eq!(outcome, Outcome::Denied(Denial::UnknownGrant));
        for seat in self.nodes.keys() {
            let mark = self.mark(3, nonce);
            self.wait_for::<UsedMark>(*seat, mark, |_| true).await;
        }
    }

    /// The state key that is set once a transaction of this nonce was executed.
    pub(crate) fn mark(&self, seat: u16, nonce: u8) -> Digest {
        keys::used_nonce(&self.organisation(seat).into(), &Nonce([nonce; 16]))
    }
}

/// A call that is well formed and always denied.
pub(crate) fn no_grant() -> Call {
    let grant = GrantId::from_digest(Digest::ZERO);
    Call::RevokeGrant { grant }
}
