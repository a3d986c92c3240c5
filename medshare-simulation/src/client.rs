//! Clients: they order at members of their choice, and verify what they are given.

use std::sync::Arc;
use std::time::Duration;

use medshare_contract::{Call, enrolment_statement};
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse, Transaction};
use medshare_testkit::SimRng;
use medshare_testkit::fixtures::Members;
use medshare_types::{GrantId, Nonce, SigningKey, TransactionId, Wire as _};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::invariants::Admitted;
use crate::scenario::Load;
use crate::world::World;

/// Keys of people to enrol: fewer than orders, so that what an order comes to depends on the others.
const PEOPLE: u64 = 5;
/// Longer than a member takes to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a flood begins: nodes run by then.
const BEGINS: Duration = Duration::from_secs(1);
/// Submissions of a flood that wait for their answer.
const AT_ONCE: usize = 100;
/// Questions for a receipt until an order is submitted again.
const QUESTIONS: u32 = 3;

/// All clients of a run.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) world: Arc<World>,
    pub(crate) members: Arc<Members>,
}

/// Why there is no answer.
struct NoAnswer;

impl Clients {
    /// Starts them all.
    pub(crate) fn start(&self, load: Load, until_ms: u64) {
        for _ in 0..load.orders {
            let (after, transaction) = self.drawn(until_ms);
            let clients = self.clone();
            self.busy(async move {
                sleep(after).await;
                clients.order(transaction).await;
            });
        }
        for _ in 0..load.single {
            let (after, transaction) = self.drawn(until_ms);
            let clients = self.clone();
            self.busy(async move {
                sleep(after).await;
                let host = clients.some_member();
                // With one that is off, the client gives up.
                let _ = clients.submit(host, transaction).await;
            });
        }
        if load.flood > 0 {
            let clients = self.clone();
            self.busy(async move { clients.flood(load.flood).await });
        }
    }

    /// Runs a client until it is done.
    fn busy(&self, client: impl Future<Output = ()> + Send + 'static) {
        let world = Arc::clone(&self.world);
        world.lock().busy_clients += 1;
        tokio::spawn(async move {
            client.await;
            world.lock().busy_clients -= 1;
        });
    }

    /// A transaction, and the time until it is submitted.
    fn drawn(&self, until_ms: u64) -> (Duration, Transaction) {
        let mut state = self.world.lock();
        let rng = &mut state.rng;
        let after = Duration::from_millis(rng.below(until_ms));
        let members = self.members.keys().len() as u64;
        let sender = u16::try_from(rng.below(members)).unwrap_or_default();
        let call = match rng.below(3) {
            0 => Call::RevokeGrant {
                grant: GrantId::from_digest(*self.members.chain().digest()),
            },
            _ => self.enrolment(sender, rng),
        };
        // Some nonces are used twice: the second call is denied.
        let nonce = match rng.chance(100) {
            true => Nonce([7; 16]),
            false => nonce(rng.next_u64()),
        };
        (after, self.signed(sender, nonce, &call))
    }

    fn enrolment(&self, sender: u16, rng: &mut SimRng) -> Call {
        let number = u8::try_from(rng.below(PEOPLE)).unwrap_or_default();
        let person = SigningKey::from_seed(&[100 + number; 32]);
        let organisation = self.members.organisation(sender);
        let statement = enrolment_statement(&self.members.chain(), &organisation, &[]);
        Call::EnrolPerson {
            key: person.verifying_key(),
            attributes: Vec::new(),
            consent: person.sign(&statement),
        }
    }

    fn signed(&self, sender: u16, nonce: Nonce, call: &Call) -> Transaction {
        let organisation = self.members.organisation(sender).into();
        let key = self.members.key(sender);
        Transaction::sign(
            self.members.chain(),
            organisation,
            nonce,
            call.to_wire(),
            key,
        )
    }

    fn some_member(&self) -> usize {
        let mut state = self.world.lock();
        let hosts = state.hosts.len();
        state.rng.index(hosts)
    }

    async fn pause(&self) {
        let pause_ms = self.world.lock().rng.between(20, 400);
        sleep(Duration::from_millis(pause_ms)).await;
    }

    /// Submits a transaction again and again, until its receipt is there.
    async fn order(&self, transaction: Transaction) {
        let id = transaction.id();
        loop {
            let host = self.some_member();
            if self.submit(host, transaction.clone()).await.is_ok() {
                for _ in 0..QUESTIONS {
                    let asked = self.some_member();
                    if let Ok(true) = self.has_receipt(asked, id).await {
                        return;
                    }
                    self.pause().await;
                }
            }
            self.pause().await;
        }
    }

    /// Submits to one member as fast as it answers, many at once.
    async fn flood(&self, count: u64) {
        sleep(BEGINS).await;
        let host = self.some_member();
        let call = Call::RevokeGrant {
            grant: GrantId::from_digest(*self.members.chain().digest()),
        };
        for first in (0..count).step_by(AT_ONCE) {
            let mut some = JoinSet::new();
            for number in (first..count).take(AT_ONCE) {
                let transaction = self.signed(0, nonce(1 + number), &call);
                let clients = self.clone();
                some.spawn(async move { clients.submit(host, transaction).await.is_ok() });
            }
            some.join_all().await;
        }
    }

    /// True when the member took the transaction.
    async fn submit(&self, host: usize, transaction: Transaction) -> Result<bool, NoAnswer> {
        let id = transaction.id();
        let request = RpcRequest::Submit(Box::new(transaction));
        let (life, answer) = self.ask(host, &request).await?;
        let mut state = self.world.lock();
        match answer {
            RpcResponse::Accepted(accepted) if accepted == id => {
                state.counts.admitted += 1;
                let seat = state.hosts[host].seat;
                if !state.invariants.is_byzantine(seat) {
                    state.invariants.admitted(Admitted { id, host, life });
                }
                Ok(true)
            }
            RpcResponse::Refused(refusal) => {
                state.counts.refused += u64::from(refusal.code == RefusalCode::Overloaded);
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// True when the member had the receipt, and it is sound.
    async fn has_receipt(&self, host: usize, id: TransactionId) -> Result<bool, NoAnswer> {
        let (_, answer) = self.ask(host, &RpcRequest::ReceiptOf(id)).await?;
        let RpcResponse::Receipt(proof) = answer else {
            return Ok(false);
        };
        let mut state = self.world.lock();
        let seat = state.hosts[host].seat;
        state.counts.receipts += 1;
        Ok(state.invariants.receipt(seat, id, &proof))
    }

    /// The answer of a machine that is on, and the machine's life.
    async fn ask(&self, host: usize, request: &RpcRequest) -> Result<(u32, RpcResponse), NoAnswer> {
        let (client, life) = {
            let state = self.world.lock();
            let machine = &state.hosts[host];
            (machine.client.clone().ok_or(NoAnswer)?, machine.life)
        };
        let answer = timeout(PATIENCE, client.request(request.to_wire())).await;
        let bytes = answer.map_err(|_| NoAnswer)?.map_err(|_| NoAnswer)?;
        let mut state = self.world.lock();
        let machine = &state.hosts[host];
        if !machine.is_on || machine.life != life {
            // It was lost with its sender.
            return Err(NoAnswer);
        }
        let answer = RpcResponse::from_wire(&bytes).map_err(|_| NoAnswer)?;
        state.note(host, &|| format!("ANSWERS {}", told(&answer)));
        Ok((life, answer))
    }
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Nonce(bytes)
}

fn told(answer: &RpcResponse) -> String {
    match answer {
        RpcResponse::Accepted(id) => format!("accepted {id}"),
        RpcResponse::Receipt(proof) => {
            format!(
                "receipt of {} by {}",
                proof.receipt.transaction, proof.certified.header.height
            )
        }
        RpcResponse::Refused(refusal) => refusal.to_string(),
        RpcResponse::Pending => "pending".to_owned(),
        _ => "something else".to_owned(),
    }
}
