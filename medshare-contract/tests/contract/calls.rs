//! Rules of every call: sender, chain, nonce and encoding.

use medshare_contract::state::{
    CeremonyState, Complaint, GrantState, HolderSet, List, ListPage, ListState, MisbehaviourState,
    OrganisationState, PersonState, RecordHeadState, RecordState, RulesState, TicketState,
    UsedMark, VotingKeyState,
};
use medshare_contract::{Call, Changes, keys};
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, Denial, Digest, Epoch, GrantId, Height, Nonce, Outcome, Signature, VerifyingKey, Wire,
};

use crate::fixture::{Actor, CLASS, Fixture, Sent, acknowledge, register, ticket_of};
use crate::misbehaviour::{proven, report};
use crate::voting::voter;

/// A person that is not enrolled.
fn newcomer() -> Actor {
    Actor::person_with_seed(70)
}

/// One call of every kind, not applied. The fixture's node takes any evidence for a proof.
pub(crate) fn one_of_each(fixture: &mut Fixture) -> Vec<(Actor, Call)> {
    let hospital = fixture.hospitals[0];
    let patient = fixture.patient();
    let clinician = fixture.clinician();
    let record = fixture.record();
    let terms = fixture.terms(&record);
    let grant = fixture.grant(&terms);
    let label = record.labels[0].label.digest();
    let draft = fixture.draft(&hospital);
    let deal = fixture.deal();
    let dealer = fixture.hospitals[1].organisation();
    fixture.proven = Some(proven(dealer, Epoch(0)));
    vec![
        (hospital, fixture.enrol(&hospital, &newcomer(), &["a", "b"])),
        (hospital, register(&draft)),
        (patient, Call::Grant(terms)),
        (patient, Call::RevokeGrant { grant }),
        (clinician, fixture.ask(grant, label)),
        (hospital, Call::PostDeal { class: CLASS, deal }),
        (hospital, acknowledge(Digest::ZERO)),
        (
            hospital,
            Call::ComplainOfDeal {
                class: CLASS,
                dealer,
            },
        ),
        (hospital, fixture.voting_key(&hospital, 80)),
        (hospital, report(b"two votes")),
    ]
}

fn refused_without_trace(fixture: &Fixture, sent: &Sent) -> Denial {
    let applied = sent.apply_to(&fixture.state);
    assert_eq!(applied.changes, Changes::new());
    match applied.outcome {
        Outcome::Denied(denial) => denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_sender_is_known_and_signs_with_its_own_key() {
    let mut fixture = Fixture::ready();
    let hospital = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let bytes = fixture.enrol(&hospital, &newcomer(), &[]).to_wire();
    for actor in [
        Actor::organisation_with_seed(99),
        Actor::person_with_seed(99),
        Actor {
            key: thief.key,
            ..hospital
        },
        Actor {
            key: thief.key,
            ..fixture.patient()
        },
        // The right key for the wrong kind of sender.
        Actor {
            principal: medshare_types::PersonId::of_key(&hospital.key).into(),
            ..hospital
        },
    ] {
        let sent = fixture.transaction(&actor, bytes.clone());
        assert_eq!(
            refused_without_trace(&fixture, &sent),
            Denial::UnknownSender
        );
    }
}

#[test]
fn a_third_party_cannot_use_up_a_nonce() {
    let mut fixture = Fixture::ready();
    let hospital = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let bytes = fixture.enrol(&hospital, &newcomer(), &[]).to_wire();
    let honest = fixture.transaction(&hospital, bytes);
    let mut forged = honest.clone();
    forged.actor.key = thief.key;
    assert_eq!(
        fixture.submit(forged),
        Outcome::Denied(Denial::UnknownSender)
    );
    let mut own = honest.clone();
    own.actor = thief;
    own.bytes = vec![];
    assert_eq!(fixture.submit(own), Outcome::Denied(Denial::Undecodable));
    assert!(matches!(fixture.submit(honest), Outcome::Applied(_)));
}

#[test]
fn a_transaction_of_another_chain_is_refused() {
    let mut fixture = Fixture::ready();
    let hospital = fixture.hospitals[0];
    let bytes = fixture.enrol(&hospital, &newcomer(), &[]).to_wire();
    let mut sent = fixture.transaction(&hospital, bytes);
    sent.chain = ChainId::from_digest(Digest::ZERO);
    assert_eq!(refused_without_trace(&fixture, &sent), Denial::WrongChain);
}

#[test]
fn a_nonce_is_accepted_once_even_after_a_denial() {
    let mut fixture = Fixture::ready();
    let hospital = fixture.hospitals[0];
    let bytes = fixture.enrol(&hospital, &newcomer(), &[]).to_wire();
    let sent = fixture.transaction(&hospital, bytes.clone());
    assert!(matches!(fixture.submit(sent.clone()), Outcome::Applied(_)));
    assert_eq!(
        refused_without_trace(&fixture, &sent),
        Denial::DuplicateNonce,
        "the transaction itself, replayed"
    );

    let mut hostile = fixture.transaction(&hospital, b"not a call".to_vec());
    let denied = Outcome::Denied(Denial::Undecodable);
    assert_eq!(fixture.submit(hostile.clone()), denied);
    hostile.bytes = bytes;
    let duplicate = refused_without_trace(&fixture, &hostile);
    assert_eq!(duplicate, Denial::DuplicateNonce);
    let mark = keys::used_nonce(&hospital.principal, &hostile.nonce);
    let height = fixture.block.height;
    assert_eq!(fixture.read(&mark), Some(UsedMark { height }));
}

#[test]
fn bytes_that_are_not_a_call_are_undecodable() {
    let mut fixture = Fixture::ready();
    let calls = one_of_each(&mut fixture);
    let hospital = fixture.hospitals[0];
    let [without, with] = [&[][..], &["a"]]
        .map(|attributes| fixture.enrol(&hospital, &newcomer(), attributes).to_wire());
    let mut refuse = |actor: &Actor, bytes: Vec<u8>| {
        let sent = fixture.transaction(actor, bytes);
        let nonce = sent.nonce;
        let height = fixture.block.height;
        let applied = sent.apply_to(&fixture.state);
        let denied = Outcome::Denied(Denial::Undecodable);
        assert_eq!(applied.outcome, denied, "{:02x?}", sent.bytes);
        let mark = keys::used_nonce(&actor.principal, &nonce);
        let value = UsedMark { height }.to_wire();
        assert_eq!(applied.changes, Changes::from([(mark, Some(value))]));
    };
    for (actor, call) in calls {
        let good = call.to_wire();
        for end in 0..good.len() {
            refuse(&actor, good[..end].to_vec());
        }
        refuse(&actor, [&good[..], &[0]].concat());
        for (at, value) in [(0, b'X'), (4, 9), (5, 9), (6, 10), (6, 0xff)] {
            let mut bytes = good.clone();
            bytes[at] = value;
            refuse(&actor, bytes);
        }
    }
    refuse(&hospital, vec![0; 1 << 20 | 1]);
    // A list that claims 2³² − 1 attributes, before the 64 bytes of the signature.
    let mut hostile = without.clone();
    let end = hostile.len() - 64;
    hostile[end - 4..end].fill(0xff);
    refuse(&hospital, hostile);
    // A string that is not UTF-8.
    let mut hostile = with.clone();
    let end = hostile.len() - 64;
    assert_eq!(hostile[end - 1], b'a');
    hostile[end - 1] = 0xff;
    refuse(&hospital, hostile);
    // A window that ends where it begins.
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let window = fixture.terms(&record).window;
    let call = Call::Grant(fixture.terms(&record)).to_wire();
    let start = call
        .windows(16)
        .position(|bytes| bytes == to_borsh(&window))
        .unwrap();
    let mut hostile = call.clone();
    hostile.copy_within(start..start + 8, start + 8);
    let patient = fixture.patient();
    let sent = fixture.transaction(&patient, hostile);
    assert_eq!(fixture.submit(sent), Outcome::Denied(Denial::Undecodable));
}

#[test]
fn every_call_round_trips() {
    let mut fixture = Fixture::ready();
    for (_, call) in one_of_each(&mut fixture) {
        assert_eq!(Call::from_wire(&call.to_wire()), Ok(call));
    }
    let call = Call::RevokeGrant {
        grant: GrantId::from_digest(Digest::ZERO),
    };
    let mut snapshot = b"mCAL\x00\x01\x03".to_vec();
    snapshot.extend([0; 32]);
    assert_eq!(call.to_wire(), snapshot);

    let call = Call::EnrolPerson {
        key: VerifyingKey::from_bytes([3; 32]),
        attributes: vec!["a".to_owned()],
        consent: Signature::from_bytes([5; 64]),
    };
    let fields: [&[u8]; 4] = [
        b"mCAL\x00\x01\x00",
        &[3; 32],
        b"\x01\0\0\0\x01\0\0\0a",
        &[5; 64],
    ];
    assert_eq!(call.to_wire(), fields.concat());
}

fn strict<T: Wire + std::fmt::Debug + PartialEq>(value: &T) {
    let good = value.to_wire();
    assert_eq!(T::from_wire(&good).as_ref(), Ok(value));
    for end in 0..good.len() {
        assert!(T::from_wire(&good[..end]).is_err(), "cut at {end}");
    }
    assert!(T::from_wire(&[&good[..], &[0]].concat()).is_err());
    for at in 0..6 {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        assert!(T::from_wire(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn every_value_of_the_state_is_strict() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let grant = fixture.grant(&fixture.terms(&record));
    let clinician = fixture.clinician();
    let call = fixture.ask(grant, record.labels[0].label.digest());
    let ticket = ticket_of(&fixture.applied(&clinician, &call));
    let hospital = fixture.hospitals[0].organisation();

    fn stored<T: Wire + std::fmt::Debug + PartialEq>(fixture: &Fixture, key: &Digest) {
        strict(&fixture.read::<T>(key).unwrap());
    }
    stored::<RulesState>(&fixture, &keys::rules());
    stored::<OrganisationState>(&fixture, &keys::organisation(&hospital));
    stored::<PersonState>(&fixture, &keys::person(&clinician.person()));
    stored::<RecordHeadState>(&fixture, &keys::record_head(&record.record));
    stored::<RecordState>(&fixture, &keys::record(&record.record, record.version));
    stored::<GrantState>(&fixture, &keys::grant(&grant));
    stored::<TicketState>(&fixture, &keys::ticket(&ticket.id));
    stored::<HolderSet>(&fixture, &keys::holders(CLASS));
    stored::<CeremonyState>(&fixture, &keys::ceremony(CLASS));
    stored::<UsedMark>(&fixture, &keys::used_session(&ticket.session));
    let u = &record.labels[0].label.u;
    stored::<UsedMark>(&fixture, &keys::used_u(&hospital, u));
    let list = List::grants_given_by(&fixture.patient().person());
    stored::<ListState>(&fixture, &keys::list(&list));
    let founder = fixture.hospitals[0];
    fixture.applied(&founder, &fixture.voting_key(&founder, 80));
    stored::<VotingKeyState>(&fixture, &keys::voting_key(&hospital));
    let key = voter(80).key;
    stored::<UsedMark>(&fixture, &keys::used_voting_key(&key));
    fixture.proven = Some(proven(hospital, Epoch(0)));
    fixture.applied(&founder, &report(b"two votes"));
    let proof = keys::misbehaviour(&hospital, Epoch(0));
    stored::<MisbehaviourState>(&fixture, &proof);
    stored::<ListPage<GrantId>>(&fixture, &keys::list_page(&list, 0));
    let mut stopped = CeremonyState::new(2);
    let accuser = hospital;
    let dealer = hospital;
    stopped.stopped = Some(Complaint { accuser, dealer });
    strict(&stopped);

    // A value does not decode as another kind.
    let height = Height(1);
    assert!(RulesState::from_wire(&UsedMark { height }.to_wire()).is_err());
}

#[test]
fn keys_of_different_kinds_and_fields_differ() {
    let fixture = Fixture::ready();
    let id = *fixture.hospitals[0].organisation().digest();
    let version = medshare_types::RecordVersion(1);
    let next = version.next();
    let record = medshare_types::RecordId::from_digest(id);
    let nonce = Nonce([0; 16]);
    let organisation = medshare_types::OrganisationId::from_digest(id);
    let other = fixture.hospitals[1].organisation();
    let person = medshare_types::PersonId::from_digest(id);
    let all = [
        keys::rules(),
        keys::organisation(&organisation),
        keys::person(&person),
        keys::record_head(&record),
        keys::record(&record, version),
        keys::record(&record, next),
        keys::grant(&GrantId::from_digest(id)),
        keys::ticket(&medshare_types::TicketId::from_digest(id)),
        keys::holders(CLASS),
        keys::ceremony(CLASS),
        keys::gate_key(CLASS),
        keys::deal(CLASS, &organisation),
        keys::used_nonce(&organisation.into(), &nonce),
        keys::used_nonce(&person.into(), &nonce),
        keys::used_u(&organisation, &crate::points::g2_identity()),
        keys::used_u(&other, &crate::points::g2_identity()),
        keys::used_session(&crate::points::g1_identity()),
        keys::voting_key(&organisation),
        keys::voting_key(&other),
        keys::used_voting_key(&VerifyingKey::from_bytes(*id.as_bytes())),
        keys::misbehaviour(&organisation, Epoch(0)),
        keys::misbehaviour(&organisation, Epoch(1)),
        keys::misbehaviour(&other, Epoch(0)),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}
