//! A consortium of four hospitals and three people, driven one transaction at a time.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use medshare_contract::state::{HolderSet, SealedLabel};
use medshare_contract::{
    Applied, BlockContext, Call, CallContext, GrantTerms, ProvenMisbehaviour, RegisterRecord,
    StateError, StateView, apply, deals_digest, enrolment_statement, genesis_state, keys,
};
use medshare_curve::encoding::encode_g1;
use medshare_curve::fixed_base::g1_generator_mul;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{Scalar, schnorr};
use medshare_testkit::fixtures::{self, Members};
use medshare_types::consent::{AccessRequest, ProofOfKnowledge};
use medshare_types::time::DAY_MS;
use medshare_types::{
    AccessClass, ChainId, Deal, Denial, Digest, EncryptedShare, Epoch, Event, FactorSet, G1Bytes,
    GateKey, GateLabel, Genesis, GrantId, Height, Nonce, OrganisationId, Outcome, PersonId,
    Principal, Purpose, PurposeSet, RandomSource, RecordContext, RecordId, RecordVersion,
    SealingDate, Signature, SigningKey, Ticket, Timestamp, TransactionId, VerifyingKey, Window,
    Wire, hash,
};
use rand_chacha::ChaCha20Rng;

use crate::points::{g1_random, g2_random};

pub(crate) const START: Timestamp = Timestamp::from_millis(20_000 * DAY_MS + DAY_MS / 2);
pub(crate) const CLASS: AccessClass = AccessClass::Normal;

/// The time `millis` after [`START`].
pub(crate) fn at(millis: u64) -> Timestamp {
    START.plus_millis(millis)
}

/// A sender of transactions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Actor {
    pub(crate) principal: Principal,
    pub(crate) key: VerifyingKey,
    pub(crate) seed: u8,
}

impl Actor {
    pub(crate) fn organisation_with_seed(seed: u8) -> Self {
        let key = signing_key(seed).verifying_key();
        Self {
            principal: OrganisationId::of_key(&key).into(),
            key,
            seed,
        }
    }

    pub(crate) fn person_with_seed(seed: u8) -> Self {
        let key = signing_key(seed).verifying_key();
        Self {
            principal: PersonId::of_key(&key).into(),
            key,
            seed,
        }
    }

    pub(crate) fn sign(&self, statement: &Digest) -> Signature {
        signing_key(self.seed).sign(statement)
    }

    pub(crate) fn organisation(&self) -> OrganisationId {
        match self.principal {
            Principal::Organisation(id) => id,
            Principal::Person(_) => panic!("a person"),
        }
    }

    pub(crate) fn person(&self) -> PersonId {
        match self.principal {
            Principal::Person(id) => id,
            Principal::Organisation(_) => panic!("an organisation"),
        }
    }
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A transaction as it reaches the contract.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) block: BlockContext,
    pub(crate) chain: ChainId,
    pub(crate) transaction: TransactionId,
    pub(crate) actor: Actor,
    pub(crate) nonce: Nonce,
    pub(crate) bytes: Vec<u8>,
    pub(crate) proven: Option<ProvenMisbehaviour>,
    pub(crate) follows: bool,
}

impl Sent {
    pub(crate) fn apply_to<V: StateView>(&self, view: &V) -> Applied {
        self.try_apply_to(view).unwrap()
    }

    /// The outcome, or why a member with this state must not go on.
    pub(crate) fn try_apply_to<V: StateView>(
        &self,
        view: &V,
    ) -> Result<Applied, StateError<V::Error>> {
        let call = CallContext {
            chain: self.chain,
            transaction: self.transaction,
            sender: self.actor.principal,
            key: self.actor.key,
            nonce: self.nonce,
            call: &self.bytes,
            proven: self.proven,
            follows: self.follows,
        };
        apply(view, &self.block, &call)
    }
}

#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) genesis: Genesis,
    pub(crate) state: BTreeMap<Digest, Vec<u8>>,
    pub(crate) block: BlockContext,
    pub(crate) hospitals: Vec<Actor>,
    /// A patient, her clinician, and a stranger.
    pub(crate) people: Vec<Actor>,
    pub(crate) rng: ChaCha20Rng,
    /// What the node judges of the calls that are sent next.
    pub(crate) proven: Option<ProvenMisbehaviour>,
    pub(crate) follows: bool,
    /// Every transaction sent so far.
    pub(crate) log: Vec<Sent>,
}

impl Fixture {
    /// Before the first block. The secrets of the holder keys are unknown.
    pub(crate) fn founded() -> Self {
        let mut rng = fixtures::rng(7);
        let keys = std::array::from_fn(|_| g1_random(&mut rng));
        Self::founded_with(keys, rng)
    }

    pub(crate) fn founded_with(holder_keys: [G1Bytes; 4], rng: ChaCha20Rng) -> Self {
        let hospitals: Vec<_> = (1..=4).map(Actor::organisation_with_seed).collect();
        let genesis = Members::of_keys((1..=4).map(signing_key))
            .with_holder_keys(holder_keys)
            .with_salt([1; 32])
            .with_created(START)
            .genesis()
            .clone();
        Self {
            state: genesis_state(&genesis).unwrap(),
            block: BlockContext {
                chain: genesis.chain_id(),
                height: Height(1),
                epoch: Epoch(0),
                time: START,
                parameters: genesis.parameters,
            },
            genesis,
            hospitals,
            people: (11..=13).map(Actor::person_with_seed).collect(),
            rng,
            proven: None,
            follows: false,
            log: vec![],
        }
    }

    /// With enrolled people and a gate key.
    pub(crate) fn ready() -> Self {
        static READY: OnceLock<Fixture> = OnceLock::new();
        READY
            .get_or_init(|| {
                let mut fixture = Self::founded();
                for person in fixture.people.clone() {
                    let call = fixture.enrol(&fixture.hospitals[0], &person, &["role:clinician"]);
                    fixture.must(0, &call);
                }
                fixture.run_ceremony();
                fixture
            })
            .clone()
    }

    pub(crate) fn patient(&self) -> Actor {
        self.people[0]
    }

    pub(crate) fn clinician(&self) -> Actor {
        self.people[1]
    }

    pub(crate) fn stranger(&self) -> Actor {
        self.people[2]
    }

    pub(crate) fn read<T: Wire>(&self, key: &Digest) -> Option<T> {
        self.state.read(key).unwrap()
    }

    pub(crate) fn gate_key(&self) -> GateKey {
        self.read(&keys::gate_key(CLASS)).unwrap()
    }

    /// Moves to the next block, at this time.
    pub(crate) fn next_block(&mut self, time: Timestamp) {
        self.block.height = self.block.height.next();
        self.block.time = time;
    }

    /// A transaction with a fresh id and nonce, not applied.
    pub(crate) fn transaction(&mut self, actor: &Actor, bytes: Vec<u8>) -> Sent {
        let number = self.log.len().to_le_bytes();
        Sent {
            block: self.block,
            chain: self.block.chain,
            transaction: TransactionId::from_digest(hash::digest("test/transaction", &[&number])),
            actor: *actor,
            nonce: Nonce::random(&mut self.rng),
            bytes,
            proven: self.proven,
            follows: self.follows,
        }
    }

    /// Applies a transaction and writes its changes.
    pub(crate) fn submit(&mut self, sent: Sent) -> Outcome {
        let applied = sent.apply_to(&self.state);
        for (key, value) in applied.changes {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        self.log.push(sent);
        applied.outcome
    }

    pub(crate) fn send(&mut self, actor: &Actor, call: &Call) -> Outcome {
        let sent = self.transaction(actor, call.to_wire());
        self.submit(sent)
    }

    /// Sends a call that must be denied, and checks that only the mark of its nonce was written.
    pub(crate) fn denied(&mut self, actor: &Actor, call: &Call) -> Denial {
        let before = self.state.clone();
        let outcome = self.send(actor, call);
        let sent = self.log.last().unwrap();
        let mark = keys::used_nonce(&sent.actor.principal, &sent.nonce);
        assert!(self.state.remove(&mark).is_some(), "the nonce is marked");
        assert!(self.state == before, "a denial changes nothing else");
        match outcome.denial() {
            Some(denial) => denial.clone(),
            None => panic!("{outcome:?}"),
        }
    }

    pub(crate) fn applied(&mut self, actor: &Actor, call: &Call) -> Vec<Event> {
        match self.send(actor, call) {
            Outcome::Applied(events) => events,
            denied => panic!("{denied:?}"),
        }
    }

    fn must(&mut self, hospital: usize, call: &Call) -> Vec<Event> {
        let actor = self.hospitals[hospital];
        self.applied(&actor, call)
    }

    pub(crate) fn deal(&mut self) -> Deal {
        let set: HolderSet = self.read(&keys::holders(CLASS)).unwrap();
        let share = |_| EncryptedShare {
            ephemeral: g1_random(&mut self.rng),
            ciphertext: [9; 48],
        };
        let shares = (0..set.holders.len()).map(share).collect();
        let commitment = |_| g2_random(&mut self.rng);
        Deal {
            commitments: (0..set.threshold).map(commitment).collect(),
            shares,
        }
    }

    /// Every hospital deals; returns the digest to acknowledge.
    pub(crate) fn deal_all(&mut self) -> Digest {
        let deals: Vec<_> = (0..4).map(|_| self.deal()).collect();
        for (hospital, deal) in deals.iter().enumerate() {
            let deal = deal.clone();
            self.must(hospital, &Call::PostDeal { class: CLASS, deal });
        }
        let digests: Vec<_> = deals.iter().map(Deal::digest).collect();
        deals_digest(&self.block.chain, CLASS, &digests)
    }

    pub(crate) fn run_ceremony(&mut self) -> GateKey {
        let deals = self.deal_all();
        for hospital in 0..4 {
            self.must(hospital, &acknowledge(deals));
        }
        self.gate_key()
    }

    /// An enrolment that the person agrees to.
    pub(crate) fn enrol(&self, hospital: &Actor, person: &Actor, attributes: &[&str]) -> Call {
        let attributes: Vec<_> = attributes.iter().map(|&text| text.to_owned()).collect();
        let chain = &self.block.chain;
        let statement = enrolment_statement(chain, &hospital.organisation(), &attributes);
        Call::EnrolPerson {
            key: person.key,
            attributes,
            consent: person.sign(&statement),
        }
    }

    /// A record of the patient that `owner` may register now.
    pub(crate) fn draft(&mut self, owner: &Actor) -> RegisterRecord {
        let opening: [u8; 32] = self.rng.array();
        let owner = owner.organisation();
        let record = RecordId::derive(&owner, &opening);
        let preamble = hash::digest("test/preamble", &[&opening]);
        let context = RecordContext {
            chain: self.block.chain,
            record,
            version: RecordVersion(1),
            owner,
            class: CLASS,
            factors: FactorSet::ABE_AND_GATE,
            sealed_on: SealingDate::of(self.block.time),
            preamble,
        };
        let label = GateLabel {
            key: self.gate_key().id,
            context,
            abe: hash::digest("test/abe", &[&opening]),
            floor: Timestamp::from_millis(0),
            ceiling: Timestamp::MAX,
            u: g2_random(&mut self.rng),
        };
        RegisterRecord {
            record,
            version: RecordVersion(1),
            opening: Some(opening),
            subject: self.patient().person(),
            preamble,
            labels: vec![SealedLabel {
                label,
                header: hash::digest("test/header", &[&opening]),
            }],
            content_root: hash::digest("test/content", &[&opening]),
            segment_count: 3,
            stores: vec![owner],
            descriptor: None,
        }
    }

    /// The successor of a registered version, sealed again.
    pub(crate) fn redraft(&mut self, earlier: &RegisterRecord) -> RegisterRecord {
        let mut later = earlier.clone();
        later.version = earlier.version.next();
        later.opening = None;
        later.labels[0].label.context.version = later.version;
        later.labels[0].label.u = g2_random(&mut self.rng);
        later
    }

    /// A registered record of the patient.
    pub(crate) fn record(&mut self) -> RegisterRecord {
        let owner = self.hospitals[0];
        let draft = self.draft(&owner);
        self.must(0, &register(&draft));
        draft
    }

    /// Grants, from the patient to the clinician, on these terms.
    pub(crate) fn grant(&mut self, terms: &GrantTerms) -> GrantId {
        let patient = self.patient();
        match self.applied(&patient, &Call::Grant(terms.clone()))[..] {
            [Event::GrantGiven { grant }] => grant,
            ref events => panic!("{events:?}"),
        }
    }

    /// Treatment for an hour from [`START`] on, any number of times.
    pub(crate) fn terms(&self, record: &RegisterRecord) -> GrantTerms {
        GrantTerms {
            record: record.record,
            version: record.version,
            grantee: self.clinician().person(),
            window: Window::new(START, at(3_600_000)).unwrap(),
            purposes: PurposeSet::from(Purpose::Treatment),
            uses: None,
        }
    }

    /// A request by the clinician, with its session secret.
    pub(crate) fn request(&mut self, grant: GrantId, label: Digest) -> (AccessRequest, Scalar) {
        let secret = random_scalar(&mut self.rng);
        let request = AccessRequest {
            chain: self.block.chain,
            grant,
            label,
            grantee_key: self.clinician().key,
            session: encode_g1(&g1_generator_mul(&secret).into()),
            purpose: Purpose::Treatment,
            nonce: Nonce::random(&mut self.rng),
        };
        (request, secret)
    }

    pub(crate) fn prove(&mut self, secret: &Scalar, request: &AccessRequest) -> ProofOfKnowledge {
        schnorr::prove(secret, &request.digest(), &mut self.rng)
    }

    /// A complete request by the clinician, with its proof.
    pub(crate) fn ask(&mut self, grant: GrantId, label: Digest) -> Call {
        let (request, secret) = self.request(grant, label);
        let proof = self.prove(&secret, &request);
        ask_with(&request, proof)
    }
}

pub(crate) fn register(draft: &RegisterRecord) -> Call {
    Call::RegisterRecord(Box::new(draft.clone()))
}

pub(crate) fn acknowledge(deals: Digest) -> Call {
    Call::AcknowledgeDeals {
        class: CLASS,
        deals,
    }
}

pub(crate) fn ask_with(request: &AccessRequest, proof: ProofOfKnowledge) -> Call {
    Call::RequestAccess {
        request: Box::new(request.clone()),
        proof,
    }
}

pub(crate) fn ticket_of(events: &[Event]) -> Ticket {
    match events {
        [Event::TicketIssued(ticket)] => ticket.as_ref().clone(),
        _ => panic!("{events:?}"),
    }
}

pub(crate) fn invalid(field: &str) -> Denial {
    Denial::Invalid {
        field: field.to_owned(),
    }
}
