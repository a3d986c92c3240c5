//! What holds for every call: who sends it, for which chain, once, and in which bytes.

use medshare_contract::state::{
    CeremonyState, Complaint, GrantState, HolderSet, OrganisationState, PersonState,
    RecordHeadState, RecordState, RulesState, TicketState, UsedMark,
};
use medshare_contract::{Call, Changes, keys};
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, Denial, Digest, GrantId, Height, Nonce, Outcome, Signature, VerifyingKey, Wire,
};

use crate::world::{Actor, CLASS, Sent, World, acknowledge, register, ticket_of};

/// Somebody whom nobody has enrolled.
fn newcomer() -> Actor {
    Actor::person_with_seed(70)
}

/// One call of every kind, none of them applied.
pub(crate) fn one_of_each(world: &mut World) -> Vec<(Actor, Call)> {
    let (hospital, patient, clinician) = (world.hospitals[0], world.patient(), world.clinician());
    let record = world.record();
    let terms = world.terms(&record);
    let grant = world.grant(&terms);
    let label = record.labels[0].label.digest();
    let (draft, deal) = (world.draft(&hospital), world.deal());
    let dealer = world.hospitals[1].organisation();
    vec![
        (hospital, world.enrol(&hospital, &newcomer(), &["a", "b"])),
        (hospital, register(&draft)),
        (patient, Call::Grant(terms)),
        (patient, Call::RevokeGrant { grant }),
        (clinician, world.ask(grant, label)),
        (hospital, Call::PostDeal { class: CLASS, deal }),
        (hospital, acknowledge(Digest::ZERO)),
        (
            hospital,
            Call::ComplainOfDeal {
                class: CLASS,
                dealer,
            },
        ),
    ]
}

fn refused_without_trace(world: &World, sent: &Sent) -> Denial {
    let applied = sent.apply_to(&world.state);
    assert_eq!(applied.changes, Changes::new());
    match applied.outcome {
        Outcome::Denied(denial) => denial,
        Outcome::Applied(events) => panic!("applied {events:?}"),
    }
}

#[test]
fn the_sender_is_known_and_signs_with_its_own_key() {
    let mut world = World::ready();
    let (hospital, thief) = (world.hospitals[0], world.hospitals[3]);
    let bytes = world.enrol(&hospital, &newcomer(), &[]).to_wire();
    for actor in [
        Actor::organisation_with_seed(99),
        Actor::person_with_seed(99),
        Actor {
            key: thief.key,
            ..hospital
        },
        Actor {
            key: thief.key,
            ..world.patient()
        },
        // The right key for the wrong kind of sender.
        Actor {
            principal: medshare_types::PersonId::of_key(&hospital.key).into(),
            ..hospital
        },
    ] {
        let sent = world.transaction(&actor, bytes.clone());
        assert_eq!(refused_without_trace(&world, &sent), Denial::UnknownSender);
    }
}

#[test]
fn nobody_uses_up_anothers_nonce() {
    let mut world = World::ready();
    let (hospital, thief) = (world.hospitals[0], world.hospitals[3]);
    let bytes = world.enrol(&hospital, &newcomer(), &[]).to_wire();
    let honest = world.transaction(&hospital, bytes);
    let mut forged = honest.clone();
    forged.actor.key = thief.key;
    assert_eq!(world.submit(forged), Outcome::Denied(Denial::UnknownSender));
    let mut own = honest.clone();
    own.actor = thief;
    own.bytes = vec![];
    assert_eq!(world.submit(own), Outcome::Denied(Denial::Undecodable));
    assert!(matches!(world.submit(honest), Outcome::Applied(_)));
}

#[test]
fn a_transaction_of_another_chain_is_refused() {
    let mut world = World::ready();
    let hospital = world.hospitals[0];
    let bytes = world.enrol(&hospital, &newcomer(), &[]).to_wire();
    let mut sent = world.transaction(&hospital, bytes);
    sent.chain = ChainId::from_digest(Digest::ZERO);
    assert_eq!(refused_without_trace(&world, &sent), Denial::WrongChain);
}

#[test]
fn a_nonce_serves_once_whatever_came_of_it() {
    let mut world = World::ready();
    let hospital = world.hospitals[0];
    let bytes = world.enrol(&hospital, &newcomer(), &[]).to_wire();
    let sent = world.transaction(&hospital, bytes.clone());
    assert!(matches!(world.submit(sent.clone()), Outcome::Applied(_)));
    assert_eq!(
        refused_without_trace(&world, &sent),
        Denial::DuplicateNonce,
        "the transaction itself, replayed"
    );

    let mut hostile = world.transaction(&hospital, b"no call".to_vec());
    let denied = Outcome::Denied(Denial::Undecodable);
    assert_eq!(world.submit(hostile.clone()), denied);
    hostile.bytes = bytes;
    let duplicate = refused_without_trace(&world, &hostile);
    assert_eq!(duplicate, Denial::DuplicateNonce);
    let mark = keys::used_nonce(&hospital.principal, &hostile.nonce);
    let height = world.block.height;
    assert_eq!(world.read(&mark), Some(UsedMark { height }));
}

#[test]
fn bytes_that_are_no_call_are_undecodable() {
    let mut world = World::ready();
    let calls = one_of_each(&mut world);
    let hospital = world.hospitals[0];
    let [without, with] = [&[][..], &["a"]]
        .map(|attributes| world.enrol(&hospital, &newcomer(), attributes).to_wire());
    let mut refuse = |actor: &Actor, bytes: Vec<u8>| {
        let sent = world.transaction(actor, bytes);
        let (nonce, height) = (sent.nonce, world.block.height);
        let applied = sent.apply_to(&world.state);
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
        for (at, value) in [(0, b'X'), (4, 9), (5, 9), (6, 8), (6, 0xff)] {
            let mut bytes = good.clone();
            bytes[at] = value;
            refuse(&actor, bytes);
        }
    }
    refuse(&hospital, vec![0; 1 << 20 | 1]);
    // A list that claims four thousand million attributes, before the 64 bytes of the signature.
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
    // A window that contains no moment.
    let mut world = World::ready();
    let record = world.record();
    let window = world.terms(&record).window;
    let call = Call::Grant(world.terms(&record)).to_wire();
    let place = call.windows(16).position(|w| w == to_borsh(&window));
    let place = place.unwrap();
    let mut hostile = call.clone();
    hostile.copy_within(place..place + 8, place + 8);
    let patient = world.patient();
    let sent = world.transaction(&patient, hostile);
    assert_eq!(world.submit(sent), Outcome::Denied(Denial::Undecodable));
}

#[test]
fn every_call_round_trips() {
    let mut world = World::ready();
    for (_, call) in one_of_each(&mut world) {
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
    let mut world = World::ready();
    let record = world.record();
    let grant = world.grant(&world.terms(&record));
    let clinician = world.clinician();
    let call = world.ask(grant, record.labels[0].label.digest());
    let ticket = ticket_of(&world.applied(&clinician, &call));
    let hospital = world.hospitals[0].organisation();

    fn stored<T: Wire + std::fmt::Debug + PartialEq>(world: &World, key: &Digest) {
        strict(&world.read::<T>(key).unwrap());
    }
    stored::<RulesState>(&world, &keys::rules());
    stored::<OrganisationState>(&world, &keys::organisation(&hospital));
    stored::<PersonState>(&world, &keys::person(&clinician.person()));
    stored::<RecordHeadState>(&world, &keys::record_head(&record.record));
    stored::<RecordState>(&world, &keys::record(&record.record, record.version));
    stored::<GrantState>(&world, &keys::grant(&grant));
    stored::<TicketState>(&world, &keys::ticket(&ticket.id));
    stored::<HolderSet>(&world, &keys::holders(CLASS));
    stored::<CeremonyState>(&world, &keys::ceremony(CLASS));
    stored::<UsedMark>(&world, &keys::used_session(&ticket.session));
    let u = &record.labels[0].label.u;
    stored::<UsedMark>(&world, &keys::used_u(&hospital, u));
    let mut stopped = CeremonyState::new(2);
    let (accuser, dealer) = (hospital, hospital);
    stopped.stopped = Some(Complaint { accuser, dealer });
    strict(&stopped);

    // Values cannot be read as another noun's.
    let height = Height(1);
    assert!(RulesState::from_wire(&UsedMark { height }.to_wire()).is_err());
}

#[test]
fn keys_of_different_nouns_and_fields_differ() {
    let world = World::ready();
    let id = *world.hospitals[0].organisation().digest();
    let (version, next) = (
        medshare_types::RecordVersion(1),
        medshare_types::RecordVersion(2),
    );
    let record = medshare_types::RecordId::from_digest(id);
    let nonce = Nonce([0; 16]);
    let organisation = medshare_types::OrganisationId::from_digest(id);
    let other = world.hospitals[1].organisation();
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
        keys::used_u(&organisation, &crate::world::g2_identity()),
        keys::used_u(&other, &crate::world::g2_identity()),
        keys::used_session(&crate::world::g1_identity()),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}
