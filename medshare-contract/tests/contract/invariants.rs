//! Random sequences of transactions: against invariants, against the model, and replayed.

use std::collections::{BTreeMap, BTreeSet};

use medshare_contract::state::List;
use medshare_contract::{Call, Changes, GrantTerms, Overlay, RegisterRecord, keys};
use medshare_curve::Scalar;
use medshare_curve::encoding::encode_g1;
use medshare_curve::fixed_base::g1_generator_mul;
use medshare_types::consent::AccessRequest;
use medshare_types::{
    Denial, Digest, Event, GrantId, Nonce, Outcome, Purpose, PurposeSet, RecordVersion, Ticket,
    Timestamp, Window, Wire, hash,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::calls::one_of_each;
use crate::fixture::{Actor, Fixture, START, ask_with, at, register};
use crate::lists::entries;
use crate::model::{self, Answer, HOSPITAL, Model};
use crate::points::g2_random;

const LIFETIME: u64 = 10;

/// A step, in indices that a run resolves. `None` stands for an authorised sender.
#[derive(Clone, Debug)]
enum Step {
    NextBlock {
        later: u64,
    },
    Grant {
        by: Option<usize>,
        record: usize,
        grantee: usize,
        from: u64,
        length: u64,
        purposes: u8,
        uses: Option<u32>,
    },
    Revoke {
        by: Option<usize>,
        grant: Index,
    },
    Request {
        by: Option<usize>,
        grant: Index,
        label: Option<usize>,
        purpose: u8,
        session: usize,
        names_own_key: bool,
        proof_fits: bool,
    },
}

fn by() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![5 => Just(None), 1 => (0..=HOSPITAL).prop_map(Some)]
}

fn mostly() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.93)
}

fn step() -> impl Strategy<Value = Step> {
    let grant = (
        by(),
        prop_oneof![9 => 0..2usize, 1 => Just(2)],
        prop_oneof![9 => 0..3usize, 1 => Just(3)],
        prop_oneof![Just(0), 0..60u64],
        1..100u64,
        prop_oneof![6 => 1..64u8, 6 => Just(63), 1 => Just(0), 1 => 64..=255u8],
        prop_oneof![2 => Just(None), 4 => (1..3u32).prop_map(Some), 1 => Just(Some(0))],
    );
    let request = (
        by(),
        any::<Index>(),
        prop_oneof![3 => Just(None), 2 => (0..4usize).prop_map(Some)],
        0..model::PURPOSES,
        0..16usize,
        mostly(),
        mostly(),
    );
    prop_oneof![
        4 => (1..15u64).prop_map(|later| Step::NextBlock { later }),
        6 => grant.prop_map(|(by, record, grantee, from, length, purposes, uses)| {
            Step::Grant { by, record, grantee, from, length, purposes, uses }
        }),
        1 => (by(), any::<Index>()).prop_map(|(by, grant)| Step::Revoke { by, grant }),
        24 => request.prop_map(
            |(by, grant, label, purpose, session, names_own_key, proof_fits)| {
                Step::Request { by, grant, label, purpose, session, names_own_key, proof_fits }
            }
        ),
    ]
}

/// Random steps after a few valid grants, so that tickets are issued.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let terms = (0..2usize, 0..3usize, 30..100u64, 0..3u32);
    let standing = terms.prop_map(|(record, grantee, length, uses)| Step::Grant {
        by: None,
        record,
        grantee,
        from: 0,
        length,
        purposes: 0b01_1111,
        uses: (uses > 0).then_some(uses),
    });
    let standing = prop::collection::vec(standing, 1..4);
    let random = prop::collection::vec(step(), 1..80);
    (standing, random).prop_map(|(standing, random)| [standing, random].concat())
}

/// A fixture and the ids of its records and grants. Times are milliseconds after [`START`].
struct Run {
    fixture: Fixture,
    subjects: Vec<usize>,
    records: Vec<RegisterRecord>,
    labels: Vec<(model::Label, Digest)>,
    grants: Vec<(GrantId, model::Grant)>,
    now: u64,
}

impl Run {
    /// Record 0 is the patient's, with an open label and one from 20 to 70; record 1 is the
    /// clinician's.
    fn new() -> Self {
        let mut fixture = Fixture::ready();
        fixture.block.parameters.ticket_lifetime_ms = LIFETIME;
        let owner = fixture.hospitals[0];
        let mut first = fixture.draft(&owner);
        let mut narrow = first.labels[0].clone();
        narrow.label.u = g2_random(&mut fixture.rng);
        (narrow.label.floor, narrow.label.ceiling) = (at(20), at(70));
        first.labels.push(narrow);
        let mut second = fixture.draft(&owner);
        second.subject = fixture.clinician().person();
        let records = vec![first, second];
        for record in &records {
            fixture.applied(&owner, &register(record));
        }
        let label = |record: usize, index: usize, floor, ceiling| {
            let plain = model::Label {
                record,
                floor,
                ceiling,
            };
            (plain, records[record].labels[index].label.digest())
        };
        let labels = vec![
            label(0, 0, 0, u64::MAX),
            label(0, 1, 20, 70),
            label(1, 0, 0, u64::MAX),
        ];
        Self {
            fixture,
            subjects: vec![0, 1],
            labels,
            records,
            grants: vec![],
            now: 0,
        }
    }

    fn model(&self) -> Model {
        let labels: Vec<_> = self.labels.iter().map(|(plain, _)| plain.clone()).collect();
        let block = (self.fixture.block.height.0, self.now);
        Model::new(&self.subjects, &labels, LIFETIME, block)
    }

    fn actor(&self, index: usize) -> Actor {
        match index {
            HOSPITAL => self.fixture.hospitals[0],
            person => self.fixture.people[person],
        }
    }

    /// The chosen grant and its index: sometimes one that does not exist.
    fn pick(&self, grant: &Index) -> (usize, GrantId) {
        let index = grant.index(10 * self.grants.len() + 1) / 10;
        let unknown = GrantId::from_digest(hash::digest("test/unknown", &[]));
        let id = self.grants.get(index).map_or(unknown, |(id, _)| *id);
        (index, id)
    }

    fn next_block(&mut self, later: u64) {
        self.now += later;
        self.fixture.next_block(at(self.now));
    }

    fn grant(&mut self, terms: &model::Grant) -> Outcome {
        let known: Vec<_> = self.fixture.people.iter().map(Actor::person).collect();
        let stranger = Actor::person_with_seed(99).person();
        let unknown = medshare_types::RecordId::from_digest(Digest::ZERO);
        let record = self.records.get(terms.record).map(|record| record.record);
        let purposes = u16::from(terms.purposes).to_le_bytes();
        let call = Call::Grant(GrantTerms {
            record: record.unwrap_or(unknown),
            version: RecordVersion(1),
            grantee: known.get(terms.grantee).copied().unwrap_or(stranger),
            window: Window::new(at(terms.from), at(terms.until)).unwrap(),
            purposes: medshare_types::wire::from_borsh::<PurposeSet>(&purposes).unwrap(),
            uses: terms.uses,
        });
        let actor = self.actor(terms.by);
        let outcome = self.fixture.send(&actor, &call);
        if let Outcome::Applied(events) = &outcome {
            let [Event::GrantGiven { grant }] = events[..] else {
                panic!("{events:?}")
            };
            self.grants.push((grant, terms.clone()));
        }
        outcome
    }

    fn request(&mut self, id: GrantId, plain: &model::Request) -> Outcome {
        let actor = self.actor(plain.by);
        let other = self.actor((plain.by + 1) % 4);
        let key = if plain.names_own_key { actor } else { other }.key;
        let secret = Scalar::from(u64::try_from(plain.session + 1_000).unwrap());
        let label = self.labels.get(plain.label).map(|(_, digest)| *digest);
        let request = AccessRequest {
            chain: self.fixture.block.chain,
            grant: id,
            label: label.unwrap_or(Digest::ZERO),
            grantee_key: key,
            session: encode_g1(&g1_generator_mul(&secret).into()),
            purpose: Purpose::ALL[usize::from(plain.purpose)],
            nonce: Nonce::random(&mut self.fixture.rng),
        };
        let mut proven = request.clone();
        if !plain.proof_fits {
            proven.grant = GrantId::from_digest(Digest::ZERO);
        }
        let proof = self.fixture.prove(&secret, &proven);
        self.fixture.send(&actor, &ask_with(&request, proof))
    }

    /// Takes a step in contract and model, and returns both answers.
    fn take(&mut self, step: &Step, model: &mut Model) -> Option<(Outcome, Answer)> {
        match step {
            Step::NextBlock { later } => {
                self.next_block(*later);
                model.next_block(self.now);
                None
            }
            Step::Grant {
                by,
                record,
                grantee,
                from,
                length,
                purposes,
                uses,
            } => {
                let subject = self.subjects.get(*record).copied().unwrap_or(0);
                let terms = model::Grant {
                    by: by.unwrap_or(subject),
                    record: *record,
                    grantee: *grantee,
                    from: *from,
                    until: from + length,
                    purposes: *purposes,
                    uses: *uses,
                };
                Some((self.grant(&terms), model.grant(&terms)))
            }
            Step::Revoke { by, grant } => {
                let (index, grant) = self.pick(grant);
                let grantor = self.grants.get(index).map_or(0, |(_, terms)| terms.by);
                let by = by.unwrap_or(grantor);
                let actor = self.actor(by);
                let outcome = self.fixture.send(&actor, &Call::RevokeGrant { grant });
                Some((outcome, model.revoke(by, index)))
            }
            Step::Request {
                by,
                grant,
                label,
                purpose,
                session,
                names_own_key,
                proof_fits,
            } => {
                let (index, id) = self.pick(grant);
                let terms = self.grants.get(index).map(|(_, terms)| terms);
                let (grantee, record) = terms.map_or((0, 0), |t| (t.grantee, t.record));
                let plain = model::Request {
                    by: by.unwrap_or(grantee),
                    grant: index,
                    label: label.unwrap_or(record * 2),
                    purpose: *purpose,
                    session: *session,
                    names_own_key: *names_own_key,
                    proof_fits: *proof_fits,
                };
                Some((self.request(id, &plain), model.request(&plain)))
            }
        }
    }
}

/// Every list is the model's, in order and whole, and begins with what it held before.
fn check_lists(run: &Run, model: &Model, before: &mut [Vec<GrantId>]) -> Result<(), TestCaseError> {
    let id = |index: &usize| run.grants[*index].0;
    let mut lists = Vec::new();
    for person in 0..model::PEOPLE {
        let of = run.fixture.people[person].person();
        for (list, expected) in [
            (List::grants_given_by(&of), model.given_by(person)),
            (List::grants_received_by(&of), model.received_by(person)),
        ] {
            let found = entries(&run.fixture, &list);
            let expected: Vec<_> = expected.iter().map(id).collect();
            prop_assert_eq!(&found, &expected);
            lists.push(found);
        }
    }
    for (before, now) in before.iter_mut().zip(lists) {
        prop_assert!(now.starts_with(before), "a list is appended only");
        *before = now;
    }
    Ok(())
}

/// The contract's outcome in the terms of the model.
fn answer(outcome: &Outcome) -> Answer {
    let after = |time: &Timestamp| {
        // An open end is the largest number in both.
        match *time {
            Timestamp::MAX => u64::MAX,
            time => time.millis_since(START),
        }
    };
    let Some(denial) = outcome.denial() else {
        return match &outcome.clone().into_events()[..] {
            [Event::TicketIssued(ticket)] => Answer::TicketUntil(after(&ticket.expires)),
            _ => Answer::Done,
        };
    };
    match denial {
        Denial::NotYet { opens_at } => Answer::No("not_yet", after(opens_at)),
        Denial::Expired { ended_at } => Answer::No("expired", after(ended_at)),
        Denial::Revoked { height } => Answer::No("revoked", height.0),
        Denial::UsesExhausted { allowed } => Answer::No("uses_exhausted", (*allowed).into()),
        Denial::PurposeMismatch { requested, .. } => {
            let index = Purpose::ALL.iter().position(|p| p == requested).unwrap();
            Answer::No("purpose_mismatch", u64::try_from(index).unwrap())
        }
        Denial::Invalid { field } => match field.as_str() {
            "purposes" => Answer::No("invalid purposes", 0),
            "uses" => Answer::No("invalid uses", 0),
            "grantee" => Answer::No("invalid grantee", 0),
            "request.grantee_key" => Answer::No("invalid request.grantee_key", 0),
            field => panic!("invalid {field}"),
        },
        other => Answer::No(other.code(), 0),
    }
}

/// Checks tickets against terms and revocations alone, without contract and model.
#[derive(Default)]
struct Watch {
    revoked: BTreeSet<GrantId>,
    tickets: BTreeMap<GrantId, Vec<Ticket>>,
    sessions: BTreeSet<medshare_types::G1Bytes>,
}

impl Watch {
    fn see(&mut self, run: &Run, outcome: &Outcome) {
        let Outcome::Applied(events) = outcome else {
            return;
        };
        for event in events {
            match event {
                Event::GrantRevoked { grant } => drop(self.revoked.insert(*grant)),
                Event::TicketIssued(ticket) => self.check(run, ticket),
                _ => {}
            }
        }
    }

    fn check(&mut self, run: &Run, ticket: &Ticket) {
        let known = run.grants.iter().find(|(id, _)| *id == ticket.grant);
        let (_, terms) = known.expect("a ticket is issued under a grant");
        assert!(!self.revoked.contains(&ticket.grant), "after revocation");
        let from = at(terms.from);
        let until = at(terms.until);
        assert_eq!(ticket.issued_at, run.fixture.block.time);
        assert!(from <= ticket.issued_at && ticket.issued_at < until);
        assert!(ticket.issued_at < ticket.expires && ticket.expires <= until);
        assert!(ticket.expires <= ticket.issued_at.plus_millis(LIFETIME));
        let purpose = Purpose::ALL.iter().position(|p| *p == ticket.purpose);
        assert_ne!(terms.purposes & 1 << purpose.unwrap(), 0);
        assert_eq!(ticket.grantee, run.fixture.people[terms.grantee].person());
        assert_eq!(ticket.record, run.records[terms.record].record);
        let label = run.labels.iter().find(|(_, d)| *d == ticket.label).unwrap();
        assert_eq!(
            label.0.record, terms.record,
            "a label of the record granted"
        );
        assert!(self.sessions.insert(ticket.session), "a session key twice");
        let issued = self.tickets.entry(ticket.grant).or_default();
        issued.push(ticket.clone());
        if let Some(uses) = terms.uses {
            assert!(
                u32::try_from(issued.len()).unwrap() <= uses,
                "more tickets than uses"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_contract_agrees_with_the_model_and_no_ticket_is_out_of_bounds(steps in steps()) {
        let mut run = Run::new();
        let mut model = run.model();
        let mut watch = Watch::default();
        let mut lists = vec![Vec::new(); 2 * model::PEOPLE];
        for (index, step) in steps.iter().enumerate() {
            if let Some((outcome, expected)) = run.take(step, &mut model) {
                prop_assert_eq!(answer(&outcome), expected, "step {}: {:?}", index, step);
                watch.see(&run, &outcome);
                check_lists(&run, &model, &mut lists)?;
            }
        }
    }

    /// Transaction by transaction over a written state, or block by block over an overlay.
    #[test]
    fn replay_from_genesis_gives_the_same_changes(steps in steps()) {
        let mut run = Run::new();
        let mut model = run.model();
        for step in &steps {
            run.take(step, &mut model);
        }
        let mut replayed = Fixture::founded().state;
        let blocks = run.fixture.log.chunk_by(|a, b| a.block.height == b.block.height);
        for block in blocks {
            let mut overlay = Overlay::new(&replayed);
            for sent in block {
                let once = sent.apply_to(&overlay);
                prop_assert_eq!(&once, &sent.apply_to(&overlay));
                overlay.absorb(once.changes);
            }
            for (key, value) in overlay.into_changes() {
                replayed.insert(key, value.expect("nothing is ever removed"));
            }
        }
        prop_assert_eq!(replayed, run.fixture.state);
    }

    #[test]
    fn random_bytes_are_denied_and_leave_only_their_nonce(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        with_envelope in any::<bool>(),
    ) {
        let mut fixture = Fixture::ready();
        let hospital = fixture.hospitals[0];
        let envelope: &[u8] = if with_envelope { b"mCAL\x00\x01" } else { b"" };
        let sent = fixture.transaction(&hospital, [envelope, &bytes].concat());
        only_its_nonce_if_denied(&fixture, &sent)?;
    }

    #[test]
    fn damaged_calls_have_an_outcome_and_denials_leave_only_their_nonce(
        kind in 0..10usize,
        offset in any::<Index>(),
        value in any::<u8>(),
    ) {
        let mut fixture = Fixture::ready();
        let (actor, call) = one_of_each(&mut fixture).swap_remove(kind);
        let mut bytes = call.to_wire();
        let damaged = offset.index(bytes.len());
        bytes[damaged] = value;
        let sent = fixture.transaction(&actor, bytes);
        only_its_nonce_if_denied(&fixture, &sent)?;
    }
}

fn only_its_nonce_if_denied(
    fixture: &Fixture,
    sent: &crate::fixture::Sent,
) -> Result<(), TestCaseError> {
    let applied = sent.apply_to(&fixture.state);
    if applied.outcome.denial().is_some() {
        let mark = keys::used_nonce(&sent.actor.principal, &sent.nonce);
        let marks: Vec<_> = Changes::into_keys(applied.changes).collect();
        prop_assert_eq!(marks, [mark]);
    }
    Ok(())
}
