//! A client that delays requests for shares: a ticket issued before a revocation gets no share after
//! it.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::path::Path;
use std::sync::Arc;

use crate::support::{CHEAP, DOCTOR, Fixture, MEMBERS, PASSPHRASE, PATIENT};
use medshare_contract::keys;
use medshare_contract::state::GrantState;
use medshare_host::ThisMachine;
use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_node::{DEFAULT_DISK_FLOOR, NodeClient, NodeConfig, NodeHandle, secrets, transport};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::issuer::{AttributeIssuer, KeyRequest, SealedKey};
use medshare_sdk::keystore::{BoxFuture, KeyStore as _, PassphraseKeyStore, Signer};
use medshare_sdk::{
    Consortium, ConsortiumClient, ConsortiumParts, Error, GrantId, StoreLocation, TrustAnchor,
};
use medshare_types::{ReplicaId, SigningKey, Wire as _};
use tokio::sync::watch;

/// Carries requests to members, and shares only while the valve is open.
struct Valve {
    members: Vec<NodeClient>,
    /// The number of requests for shares so far.
    asked: watch::Sender<usize>,
    open: watch::Receiver<bool>,
}

impl ConsortiumClient for Valve {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            if let Ok(RpcRequest::Share(_)) = RpcRequest::from_wire(&request) {
                self.asked.send_modify(|count| *count += 1);
                let mut open = self.open.clone();
                let opened = open.wait_for(|open| *open).await;
                opened.map_err(|_| ExchangeError::Unreachable { member })?;
            }
            let answer = self.members[member.index()].request(request).await;
            answer.map_err(|_| ExchangeError::Unreachable { member })
        })
    }
}

/// No person is enrolled here.
struct NoIssuer;

impl AttributeIssuer for NoIssuer {
    fn issue<'a>(&'a self, _: &'a KeyRequest) -> BoxFuture<'a, medshare_sdk::Result<SealedKey>> {
        Box::pin(std::future::ready(Err(Error::Unreachable)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_from_before_the_revocation_gets_no_share() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, first) = fixture.sealed_and_granted(b"an ECG").await;
    let second = fixture.grant(record).await;
    fixture.close().await;

    let handles = start_members(folder.path()).await;
    let members: Vec<_> = handles.iter().map(NodeHandle::client).collect();
    let (asked, mut was_asked) = watch::channel(0);
    let (valve, open) = watch::channel(false);
    let client = Valve {
        members: members.clone(),
        asked,
        open,
    };
    let consortium = connect(folder.path(), client).await;
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    let patient = st_mary.person(PATIENT).await.unwrap();

    let opening = tokio::spawn(doctor.open(first).into_future());
    was_asked.wait_for(|count| *count == 4).await.unwrap();
    patient.revoke(first).await.unwrap();
    for member in &members {
        wait_until_revoked(member, first).await;
    }
    valve.send_replace(true);
    let error = opening.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "revoked", "{error}");

    // As late, under a grant that still stands.
    valve.send_replace(false);
    let opening = tokio::spawn(doctor.open(second).into_future());
    was_asked.wait_for(|count| *count == 8).await.unwrap();
    valve.send_replace(true);
    assert_eq!(opening.await.unwrap().unwrap().bytes(), b"an ECG");
    for handle in handles {
        handle.shut_down().await.unwrap();
    }
}

fn anchor(root: &Path) -> TrustAnchor {
    let bytes = std::fs::read(root.join("trust-anchor")).unwrap();
    TrustAnchor::from_bytes(&bytes).unwrap()
}

async fn keys_in(folder: &Path) -> Arc<PassphraseKeyStore> {
    let store = PassphraseKeyStore::open(folder.join("keys"), PASSPHRASE, CHEAP);
    Arc::new(store.await.unwrap())
}

async fn start_members(root: &Path) -> Vec<NodeHandle> {
    let mut handles = Vec::new();
    for ((seat, link), name) in (0..).zip(transport::in_process(4)).zip(MEMBERS) {
        let folder = root.join("members").join(name);
        let config = NodeConfig {
            genesis: anchor(root).genesis().clone(),
            replica: ReplicaId(seat),
            keys: keys_in(&folder).await,
            recovery: medshare_node::Recovery::default(),
            folder,
            machine: Arc::new(ThisMachine),
            disk_floor: DEFAULT_DISK_FLOOR,
        };
        handles.push(NodeHandle::start(config, link).await.unwrap());
    }
    handles
}

async fn connect(root: &Path, client: Valve) -> Consortium {
    let member = |name: &str| root.join("members").join(name);
    let location = |name: &str| StoreLocation::Folder(member(name).join("objects")).into();
    let stores: BTreeMap<_, _> = MEMBERS.map(|name| (name.to_owned(), location(name))).into();
    let keys = keys_in(&member(MEMBERS[0])).await;
    let seed = keys.load(secrets::SIGNING_KEY).await.unwrap().unwrap();
    let key = SigningKey::from_seed(seed.as_slice().try_into().unwrap());
    let signer: Arc<dyn Signer> = Arc::new(key);
    Consortium::connect(ConsortiumParts {
        anchor: anchor(root),
        client: Arc::new(client),
        stores,
        issuer: Arc::new(NoIssuer),
        people: keys_in(&root.join("people")).await,
        organisations: [(MEMBERS[0].to_owned(), signer)].into(),
    })
    .unwrap()
}

/// Waits until this member itself has executed the revocation.
async fn wait_until_revoked(member: &NodeClient, grant: GrantId) {
    let request = RpcRequest::State(keys::grant(&grant)).to_wire();
    loop {
        let answer = member.request(request.clone()).await.unwrap();
        if let Ok(RpcResponse::State(proof)) = RpcResponse::from_wire(&answer) {
            let state = GrantState::from_wire(&proof.value.unwrap()).unwrap();
            if state.revoked_at.is_some() {
                return;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
