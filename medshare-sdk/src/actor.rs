//! One identity at work in a consortium.

use std::sync::Arc;

use medshare_contract::Call;
use medshare_ledger::Transaction;
use medshare_types::keystore::Signer;
use medshare_types::{
    Digest, GateKey, PersonId, Principal, ReplicaId, Signature, VerifyingKey, Wire,
};

use crate::chain::Effect;
use crate::context::Context;
use crate::error::Result;
use crate::issuer::{parse_attributes, vouched_for};

/// Signs calls as one principal, and asks its home member before all others.
///
/// Operations hold an actor, not the [`Person`](crate::Person) or
/// [`Organisation`](crate::Organisation) that started them.
#[derive(Clone)]
pub(crate) struct Actor {
    context: Arc<Context>,
    principal: Principal,
    home: ReplicaId,
    signer: Arc<dyn Signer>,
}

impl Actor {
    pub(crate) fn new(
        context: Arc<Context>,
        principal: Principal,
        home: ReplicaId,
        signer: Arc<dyn Signer>,
    ) -> Self {
        Self {
            context,
            principal,
            home,
            signer,
        }
    }

    pub(crate) const fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The seat of the member that is asked first.
    pub(crate) const fn home(&self) -> ReplicaId {
        self.home
    }

    pub(crate) fn verifying_key(&self) -> VerifyingKey {
        self.signer.verifying_key()
    }

    pub(crate) async fn sign(&self, statement: &Digest) -> Result<Signature> {
        Ok(self.signer.sign(statement).await?)
    }

    /// Signs a call, has it ordered, and waits for the certified receipt.
    pub(crate) async fn call(&self, call: &Call) -> Result<Effect> {
        let effect = self.submit(self.transaction(call).await?).await?;
        self.learn(call);
        Ok(effect)
    }

    /// Signs a call, to be handed in by [`Self::submit`].
    pub(crate) async fn transaction(&self, call: &Call) -> Result<Transaction> {
        let chain = &self.context.chain;
        chain.sign(self.principal, &*self.signer, call).await
    }

    /// Has a transaction ordered, and waits for the certified receipt. One that was handed in before
    /// takes effect once, and its receipt is found.
    pub(crate) async fn submit(&self, transaction: Transaction) -> Result<Effect> {
        self.context.chain.submit(self.home, transaction).await
    }

    /// Notes whom an ordered call enrolled, for the warnings of later seals.
    fn learn(&self, call: &Call) {
        if let (
            Principal::Organisation(organisation),
            Call::EnrolPerson {
                key, attributes, ..
            },
        ) = (&self.principal, call)
        {
            let organisation = self.context.name_of(organisation);
            let attributes = parse_attributes(attributes);
            match attributes.and_then(|attributes| vouched_for(&attributes, &organisation)) {
                Ok(attributes) => {
                    let person = PersonId::of_key(key);
                    self.context.known_people.learn(person, attributes);
                }
                Err(error) => tracing::debug!(%error, "an enrolment has unreadable attributes"),
            }
        }
    }

    /// Reads a value of the chain's state by proof.
    pub(crate) async fn read<T: Wire>(&self, key: Digest) -> Result<Option<T>> {
        self.context.chain.read(self.home, key).await
    }

    pub(crate) async fn gate_key(&self) -> Result<Arc<GateKey>> {
        self.context.gate_key(self.home).await
    }
}
