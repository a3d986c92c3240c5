//! Requests: in the window, for the purpose, while the grant stands, with a session key of one's
//! own; or a denial that says which.

use medshare_contract::state::{GrantState, TicketState};
use medshare_contract::{Call, GrantTerms, keys};
use medshare_types::consent::ProofOfKnowledge;
use medshare_types::point::ScalarBytes;
use medshare_types::{
    ChainId, Denial, Digest, GrantId, Purpose, Ticket, TicketId, Timestamp, Window, hash,
};

use crate::world::{
    Actor, START, World, ask_with, at, g1_identity, g1_off_subgroup, g1_random, invalid, register,
    ticket_of,
};

/// A record with one label, granted on the terms that `change` makes of the usual ones.
fn granted(change: impl FnOnce(&mut GrantTerms)) -> (World, GrantId, Digest) {
    let mut world = World::ready();
    let record = world.record();
    let mut terms = world.terms(&record);
    change(&mut terms);
    let grant = world.grant(&terms);
    (world, grant, record.labels[0].label.digest())
}

fn clinician_denied(world: &mut World, call: &Call) -> Denial {
    let clinician = world.clinician();
    world.denied(&clinician, call)
}

#[test]
fn a_ticket_says_who_may_read_what_until_when() {
    let (mut world, grant, label) = granted(|_| ());
    world.next_block(at(5));
    let (request, secret) = world.request(grant, label);
    let proof = world.prove(&secret, &request);
    let clinician = world.clinician();
    let ticket = ticket_of(&world.applied(&clinician, &ask_with(&request, proof)));
    let transaction = world.log.last().unwrap().transaction;
    let stored: GrantState = world.read(&keys::grant(&grant)).unwrap();
    let expected = Ticket {
        id: TicketId::of_transaction(&transaction),
        grant,
        grantee: clinician.person(),
        grantee_key: clinician.key,
        record: stored.record,
        version: stored.version,
        class: crate::world::CLASS,
        label,
        session: request.session,
        purpose: Purpose::Treatment,
        height: world.block.height,
        issued_at: at(5),
        expires: at(5 + 120_000),
    };
    assert_eq!(ticket, expected);
    let kept: Option<TicketState> = world.read(&keys::ticket(&ticket.id));
    assert_eq!(kept, Some(TicketState { ticket }));
    assert_eq!(stored.taken, 1);
}

#[test]
fn a_ticket_ends_with_the_window_or_the_label() {
    let (mut world, grant, label) = granted(|_| ());
    world.next_block(at(3_599_999));
    let (clinician, call) = (world.clinician(), world.ask(grant, label));
    let ticket = ticket_of(&world.applied(&clinician, &call));
    assert_eq!(ticket.expires, at(3_600_000), "the window's end");

    let mut world = World::ready();
    let owner = world.hospitals[0];
    let mut draft = world.draft(&owner);
    draft.labels[0].label.ceiling = at(1_000);
    world.applied(&owner, &register(&draft));
    let grant = world.grant(&world.terms(&draft));
    let call = world.ask(grant, draft.labels[0].label.digest());
    let ticket = ticket_of(&world.applied(&clinician, &call));
    assert_eq!(ticket.expires, at(1_000), "the label's ceiling");
}

#[test]
fn the_window_is_half_open() {
    let opens_at = at(1_000);
    let ended_at = at(2_000);
    let (mut world, grant, label) = granted(|terms| {
        terms.window = Window::new(opens_at, ended_at).unwrap();
    });
    let clinician = world.clinician();
    for (time, denial) in [
        (at(999), Some(Denial::NotYet { opens_at })),
        (at(1_000), None),
        (at(1_999), None),
        (at(2_000), Some(Denial::Expired { ended_at })),
    ] {
        world.next_block(time);
        let call = world.ask(grant, label);
        match denial {
            Some(denial) => assert_eq!(clinician_denied(&mut world, &call), denial),
            None => drop(world.applied(&clinician, &call)),
        }
    }
}

#[test]
fn floor_and_ceiling_hold_whatever_the_grant() {
    let (opens_at, ended_at) = (at(1_000), at(2_000));
    let mut world = World::ready();
    let owner = world.hospitals[0];
    let mut draft = world.draft(&owner);
    (draft.labels[0].label.floor, draft.labels[0].label.ceiling) = (opens_at, ended_at);
    world.applied(&owner, &register(&draft));
    let label = draft.labels[0].label.digest();
    let grant = world.grant(&GrantTerms {
        window: Window::new(Timestamp::from_millis(0), Timestamp::MAX).unwrap(),
        ..world.terms(&draft)
    });
    let clinician = world.clinician();
    for (time, denial) in [
        (at(999), Some(Denial::NotYet { opens_at })),
        (at(1_000), None),
        (at(1_999), None),
        (at(2_000), Some(Denial::Expired { ended_at })),
    ] {
        world.next_block(time);
        let call = world.ask(grant, label);
        match denial {
            Some(denial) => assert_eq!(clinician_denied(&mut world, &call), denial),
            None => drop(world.applied(&clinician, &call)),
        }
    }
}

#[test]
fn revocation_holds_for_what_follows_in_its_own_block() {
    let (mut world, grant, label) = granted(|_| ());
    let (patient, clinician) = (world.patient(), world.clinician());
    let call = world.ask(grant, label);
    world.applied(&clinician, &call);
    world.applied(&patient, &Call::RevokeGrant { grant });
    let call = world.ask(grant, label);
    let height = world.block.height;
    let revoked = Denial::Revoked { height };
    assert_eq!(clinician_denied(&mut world, &call), revoked);
    world.next_block(at(9_999_999_999));
    let call = world.ask(grant, label);
    assert_eq!(
        clinician_denied(&mut world, &call),
        revoked,
        "revoked comes before expired"
    );
}

#[test]
fn uses_are_counted_and_denials_take_none() {
    let (mut world, grant, label) = granted(|terms| terms.uses = Some(2));
    let clinician = world.clinician();
    for _ in 0..2 {
        let (mut wrong, secret) = world.request(grant, label);
        wrong.purpose = Purpose::Research;
        let proof = world.prove(&secret, &wrong);
        let requested = Purpose::Research;
        assert_eq!(
            clinician_denied(&mut world, &ask_with(&wrong, proof)),
            Denial::PurposeMismatch { requested }
        );
        let call = world.ask(grant, label);
        world.applied(&clinician, &call);
    }
    let call = world.ask(grant, label);
    let allowed = 2;
    assert_eq!(
        clinician_denied(&mut world, &call),
        Denial::UsesExhausted { allowed }
    );
}

/// Everything is wrong at first; each step mends what the denial named, and meets the next.
#[test]
fn denials_come_in_their_order() {
    let (opens_at, ended_at) = (at(1_000), at(2_000));
    let (mut world, grant, label) = granted(|terms| {
        terms.window = Window::new(opens_at, ended_at).unwrap();
        terms.uses = Some(1);
    });
    let patient = world.patient();
    let (stranger, clinician) = (world.stranger(), world.clinician());

    // A use is taken first, in its time, so that none is left later.
    let mut later = world.clone();
    later.next_block(at(1_500));
    let call = later.ask(grant, label);
    later.applied(&clinician, &call);
    let mut revoked = later.clone();
    revoked.applied(&patient, &Call::RevokeGrant { grant });
    let height = revoked.block.height;

    let (mut request, secret) = world.request(grant, label);
    request.chain = ChainId::from_digest(Digest::ZERO);
    request.grant = GrantId::from_digest(Digest::ZERO);
    request.grantee_key = stranger.key;
    request.purpose = Purpose::Research;
    request.label = Digest::ZERO;
    let proof = world.prove(&secret, &request);
    let check = |world: &mut World, actor: &Actor, request: &_, denial: Denial| {
        assert_eq!(world.denied(actor, &ask_with(request, proof)), denial);
    };

    check(&mut revoked, &stranger, &request, Denial::WrongChain);
    request.chain = world.block.chain;
    check(&mut revoked, &stranger, &request, Denial::UnknownGrant);
    request.grant = grant;
    check(&mut revoked, &stranger, &request, Denial::NotGrantee);
    let key = invalid("request.grantee_key");
    check(&mut revoked, &clinician, &request, key);
    request.grantee_key = clinician.key;
    check(
        &mut revoked,
        &clinician,
        &request,
        Denial::Revoked { height },
    );
    let early = Denial::NotYet { opens_at };
    check(&mut world, &clinician, &request, early);
    let mut ended = later.clone();
    ended.next_block(at(2_000));
    let late = Denial::Expired { ended_at };
    check(&mut ended, &clinician, &request, late);
    let requested = Purpose::Research;
    let purpose = Denial::PurposeMismatch { requested };
    check(&mut later, &clinician, &request, purpose);
    request.purpose = Purpose::Treatment;
    let allowed = 1;
    let uses = Denial::UsesExhausted { allowed };
    check(&mut later, &clinician, &request, uses);
    world.next_block(at(1_500));
    check(&mut world, &clinician, &request, Denial::LabelMismatch);
    request.label = label;
    check(&mut world, &clinician, &request, Denial::InvalidSessionKey);
    let proof = world.prove(&secret, &request);
    world.applied(&clinician, &ask_with(&request, proof));
}

#[test]
fn a_request_seen_in_flight_serves_nobody_else() {
    let (mut world, grant, label) = granted(|_| ());
    let (clinician, stranger) = (world.clinician(), world.stranger());
    let (request, secret) = world.request(grant, label);
    let proof = world.prove(&secret, &request);
    let call = ask_with(&request, proof);

    // The stranger sends the very bytes, then under a grant of his own.
    assert_eq!(world.denied(&stranger, &call), Denial::NotGrantee);
    let record: GrantState = world.read(&keys::grant(&grant)).unwrap();
    let own = world.grant(&GrantTerms {
        record: record.record,
        version: record.version,
        grantee: stranger.person(),
        window: record.window,
        purposes: record.purposes,
        uses: None,
    });
    let mut stolen = request.clone();
    stolen.grant = own;
    assert_eq!(
        world.denied(&stranger, &ask_with(&stolen, proof)),
        invalid("request.grantee_key")
    );
    stolen.grantee_key = stranger.key;
    assert_eq!(
        world.denied(&stranger, &ask_with(&stolen, proof)),
        Denial::InvalidSessionKey,
        "the proof is bound to the whole request"
    );

    world.applied(&clinician, &call);
    assert_eq!(
        clinician_denied(&mut world, &call),
        Denial::InvalidSessionKey,
        "nor does it serve twice"
    );
}

#[test]
fn a_proof_made_for_another_grant_proves_nothing() {
    let (mut world, grant, label) = granted(|_| ());
    let stored: GrantState = world.read(&keys::grant(&grant)).unwrap();
    let other = world.grant(&GrantTerms {
        record: stored.record,
        version: stored.version,
        grantee: stored.grantee,
        window: stored.window,
        purposes: stored.purposes,
        uses: None,
    });
    let (request, secret) = world.request(grant, label);
    let mut moved = request.clone();
    moved.grant = other;
    let proof = world.prove(&secret, &request);
    assert_eq!(
        clinician_denied(&mut world, &ask_with(&moved, proof)),
        Denial::InvalidSessionKey
    );
}

#[test]
fn session_keys_are_points_that_the_requester_knows() {
    let (mut world, grant, label) = granted(|_| ());
    let (good, secret) = world.request(grant, label);
    for session in [
        g1_identity(),
        g1_off_subgroup(),
        // Somebody's point, such as Q of another record or another reader's R.
        g1_random(&mut world.rng),
    ] {
        let mut request = good.clone();
        request.session = session;
        let proof = world.prove(&secret, &request);
        assert_eq!(
            clinician_denied(&mut world, &ask_with(&request, proof)),
            Denial::InvalidSessionKey,
            "{session:?}"
        );
    }
    // R = identity with the proof that would satisfy the equation: T = y·g1.
    let mut request = good.clone();
    request.session = g1_identity();
    let y = medshare_curve::Scalar::from(5u64);
    let proof = ProofOfKnowledge {
        commitment: medshare_curve::encoding::encode_g1(
            &medshare_curve::fixed_base::g1_generator_mul(&y).into(),
        ),
        response: ScalarBytes(medshare_curve::encoding::encode_scalar(&y)),
    };
    assert_eq!(
        clinician_denied(&mut world, &ask_with(&request, proof)),
        Denial::InvalidSessionKey
    );
    // A response that is not reduced.
    let mut proof = world.prove(&secret, &good);
    proof.response = ScalarBytes([0xff; 32]);
    assert_eq!(
        clinician_denied(&mut world, &ask_with(&good, proof)),
        Denial::InvalidSessionKey
    );
    let proof = world.prove(&secret, &good);
    let clinician = world.clinician();
    world.applied(&clinician, &ask_with(&good, proof));
}

#[test]
fn a_session_key_serves_one_ticket() {
    let (mut world, grant, label) = granted(|_| ());
    let clinician = world.clinician();
    let (first, secret) = world.request(grant, label);
    let proof = world.prove(&secret, &first);
    world.applied(&clinician, &ask_with(&first, proof));
    let (mut second, _) = world.request(grant, label);
    second.session = first.session;
    let proof = world.prove(&secret, &second);
    assert_eq!(
        clinician_denied(&mut world, &ask_with(&second, proof)),
        Denial::InvalidSessionKey
    );
}

#[test]
fn a_grant_covers_one_version_of_one_record() {
    let (mut world, grant, _) = granted(|_| ());
    let other = world.record();
    let call = world.ask(grant, other.labels[0].label.digest());
    assert_eq!(
        clinician_denied(&mut world, &call),
        Denial::LabelMismatch,
        "a label of another record"
    );
    let second = world.redraft(&other);
    let owner = world.hospitals[0];
    world.applied(&owner, &register(&second));
    let grant = world.grant(&world.terms(&other));
    let call = world.ask(grant, second.labels[0].label.digest());
    assert_eq!(
        clinician_denied(&mut world, &call),
        Denial::LabelMismatch,
        "a label of a later version"
    );
    let unknown = hash::digest("test", &[]);
    let call = world.ask(grant, unknown);
    assert_eq!(clinician_denied(&mut world, &call), Denial::LabelMismatch);
    assert_eq!(world.block.time, START);
}
