//! A client between the SDK and its members that delays, loses and refuses as a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{DOCTOR, MEMBERS};
use medshare_contract::keys;
use medshare_contract::state::GrantState;
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::keystore::BoxFuture;
use medshare_sdk::{Consortium, ConsortiumClient, Deadlines, GrantId, Person, ReplicaId};
use medshare_types::Wire as _;
use tokio::sync::watch;

const PAUSE: Duration = Duration::from_millis(5);

/// The treatment of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// The member gets the request, and its answer is lost.
    Lose,
    /// The member does not get the request.
    Cut,
    Refuse(RefusalCode),
    /// Waits for the next [`Interposer::release`], then passes.
    Hold,
    /// Answered as at the last [`Interposer::remember`].
    Remembered,
}

type Rule = dyn Fn(ReplicaId, &RpcRequest) -> Fate + Send + Sync;

/// The switches of a client that interferes.
pub struct Interposer {
    /// The same consortium, through the client that interferes.
    consortium: Consortium,
    real: Arc<dyn ConsortiumClient>,
    shared: Arc<Shared>,
}

/// By member and encoded request.
type Answers = BTreeMap<(ReplicaId, Vec<u8>), Vec<u8>>;

struct Shared {
    rule: Mutex<Arc<Rule>>,
    held: watch::Sender<usize>,
    shares: watch::Sender<usize>,
    releases: watch::Sender<usize>,
    remembered: Mutex<Answers>,
}

impl Interposer {
    pub fn before(consortium: &Consortium) -> Self {
        let shared = Arc::new(Shared {
            rule: Mutex::new(Arc::new(|_, _| Fate::Pass)),
            held: watch::channel(0).0,
            shares: watch::channel(0).0,
            releases: watch::channel(0).0,
            remembered: Mutex::default(),
        });
        let mut parts = consortium.parts();
        let real = Arc::clone(&parts.client);
        parts.client = Arc::new(Client {
            real: Arc::clone(&real),
            shared: Arc::clone(&shared),
        });
        Self {
            consortium: Consortium::connect(parts).unwrap(),
            real,
            shared,
        }
    }

    pub fn consortium(&self) -> &Consortium {
        &self.consortium
    }

    /// From now on requests are treated by `rule`.
    pub fn set(&self, rule: impl Fn(ReplicaId, &RpcRequest) -> Fate + Send + Sync + 'static) {
        self.shared.held.send_replace(0);
        *self.shared.rule.lock().unwrap() = Arc::new(rule);
    }

    /// From now on every request passes, those that are held too.
    pub fn release(&self) {
        self.release_into(|_, _| Fate::Pass);
    }

    /// Sets a rule, and lets every request pass that is held now.
    pub fn release_into(
        &self,
        rule: impl Fn(ReplicaId, &RpcRequest) -> Fate + Send + Sync + 'static,
    ) {
        self.set(rule);
        self.shared.releases.send_modify(|releases| *releases += 1);
    }

    /// Waits until so many requests are held since the rule was set.
    pub async fn until_held(&self, count: usize) {
        let mut held = self.shared.held.subscribe();
        held.wait_for(|held| *held >= count).await.unwrap();
    }

    /// Waits until so many requests for shares were answered.
    pub async fn until_shared(&self, count: usize) {
        let mut shares = self.shared.shares.subscribe();
        shares.wait_for(|shares| *shares >= count).await.unwrap();
    }

    /// Notes every member's present answer to a request.
    pub async fn remember(&self, request: &RpcRequest) {
        for seat in (0..4).map(ReplicaId) {
            let bytes = request.to_wire();
            let answer = self.real.exchange(seat, bytes.clone()).await.unwrap();
            let mut remembered = self.shared.remembered.lock().unwrap();
            remembered.insert((seat, bytes), answer);
        }
    }

    /// The doctor, who waits for as long as requests are held.
    pub async fn doctor(&self) -> Person {
        let long = Duration::from_secs(60);
        let deadlines = Deadlines::default().with_answer(long).with_shares(long);
        self.doctor_with(deadlines).await
    }

    pub async fn doctor_with(&self, deadlines: Deadlines) -> Person {
        self.person_with(DOCTOR, deadlines).await
    }

    /// A person whom the first member has enrolled.
    pub async fn person_with(&self, name: &str, deadlines: Deadlines) -> Person {
        let consortium = self.consortium.with_deadlines(deadlines);
        let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
        st_mary.person(name).await.unwrap()
    }

    /// The grant as each member has it, in the order of seats.
    pub async fn grants(&self, grant: GrantId) -> Vec<GrantState> {
        let mut states = Vec::new();
        for seat in (0..4).map(ReplicaId) {
            let request = RpcRequest::State(keys::grant(&grant)).to_wire();
            let answer = self.real.exchange(seat, request).await.unwrap();
            if let Ok(RpcResponse::State(proof)) = RpcResponse::from_wire(&answer)
                && let Some(value) = proof.value
            {
                states.push(GrantState::from_wire(&value).unwrap());
            }
        }
        states
    }

    /// The uses of a grant that were taken, by the member that knows of most.
    pub async fn taken(&self, grant: GrantId) -> u64 {
        let states = self.grants(grant).await;
        states.iter().map(|state| state.taken).max().unwrap()
    }

    /// Waits until a member can prove that so many uses were taken.
    pub async fn until_taken(&self, grant: GrantId, uses: u64) {
        while self.taken(grant).await < uses {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until every member has executed the revocation, and can prove it.
    pub async fn until_revoked(&self, grant: GrantId) {
        loop {
            let states = self.grants(grant).await;
            if states.len() == 4 && states.iter().all(|state| state.revoked_at.is_some()) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

struct Client {
    real: Arc<dyn ConsortiumClient>,
    shared: Arc<Shared>,
}

impl ConsortiumClient for Client {
    fn exchange(
        &self,
        member: ReplicaId,
        bytes: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            let request = RpcRequest::from_wire(&bytes).unwrap();
            let rule = Arc::clone(&self.shared.rule.lock().unwrap());
            match rule(member, &request) {
                Fate::Pass => {}
                Fate::Lose => {
                    self.real.exchange(member, bytes).await?;
                    return Err(ExchangeError::Unreachable { member });
                }
                Fate::Cut => return Err(ExchangeError::NoConnection { member }),
                Fate::Refuse(code) => {
                    return Ok(RpcResponse::refused(code, "refused by the test").to_wire());
                }
                Fate::Hold => {
                    let mut releases = self.shared.releases.subscribe();
                    self.shared.held.send_modify(|held| *held += 1);
                    releases.changed().await.unwrap();
                }
                Fate::Remembered => {
                    let remembered = self.shared.remembered.lock().unwrap();
                    return Ok(remembered[&(member, bytes)].clone());
                }
            }
            let answer = self.real.exchange(member, bytes).await;
            if matches!(request, RpcRequest::Share(_)) {
                self.shared.shares.send_modify(|shares| *shares += 1);
            }
            answer
        })
    }
}

/// Holds requests for shares of these seats.
pub fn hold_shares(seats: &'static [u16]) -> impl Fn(ReplicaId, &RpcRequest) -> Fate {
    move |seat, request| match request {
        RpcRequest::Share(_) if seats.contains(&seat.0) => Fate::Hold,
        _ => Fate::Pass,
    }
}
