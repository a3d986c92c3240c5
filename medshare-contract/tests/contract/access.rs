//! Requests for access: window, purpose, grant and session key must fit, and each denial names the
//! first that does not.

use medshare_contract::state::{GrantState, TicketState};
use medshare_contract::{Call, GrantTerms, keys};
use medshare_types::consent::ProofOfKnowledge;
use medshare_types::point::ScalarBytes;
use medshare_types::{
    AccessDenied, ChainId, Denial, Digest, Event, GrantId, Outcome, Purpose, Ticket, TicketId,
    Timestamp, Window, hash,
};

use crate::fixture::{Actor, Fixture, START, ask_with, at, invalid, register, ticket_of};
use crate::points::{g1_identity, g1_off_subgroup, g1_random};

/// A record with one label, granted on the usual terms after `change`.
fn granted(change: impl FnOnce(&mut GrantTerms)) -> (Fixture, GrantId, Digest) {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let mut terms = fixture.terms(&record);
    change(&mut terms);
    let grant = fixture.grant(&terms);
    (fixture, grant, record.labels[0].label.digest())
}

fn clinician_denied(fixture: &mut Fixture, call: &Call) -> Denial {
    let clinician = fixture.clinician();
    fixture.denied(&clinician, call)
}

#[test]
fn a_ticket_names_reader_record_and_end() {
    let (mut fixture, grant, label) = granted(|_| ());
    fixture.next_block(at(5));
    let (request, secret) = fixture.request(grant, label);
    let proof = fixture.prove(&secret, &request);
    let clinician = fixture.clinician();
    let ticket = ticket_of(&fixture.applied(&clinician, &ask_with(&request, proof)));
    let transaction = fixture.log.last().unwrap().transaction;
    let stored: GrantState = fixture.read(&keys::grant(&grant)).unwrap();
    let expected = Ticket {
        id: TicketId::of_transaction(&transaction),
        grant,
        grantee: clinician.person(),
        grantee_key: clinician.key,
        record: stored.record,
        version: stored.version,
        class: crate::fixture::CLASS,
        label,
        session: request.session,
        purpose: Purpose::Treatment,
        height: fixture.block.height,
        issued_at: at(5),
        expires: at(5 + 120_000),
    };
    assert_eq!(ticket, expected);
    let kept: Option<TicketState> = fixture.read(&keys::ticket(&ticket.id));
    assert_eq!(kept, Some(TicketState { ticket }));
    assert_eq!(stored.taken, 1);
}

#[test]
fn a_ticket_ends_with_the_window_or_the_label() {
    let (mut fixture, grant, label) = granted(|_| ());
    fixture.next_block(at(3_599_999));
    let clinician = fixture.clinician();
    let call = fixture.ask(grant, label);
    let ticket = ticket_of(&fixture.applied(&clinician, &call));
    assert_eq!(ticket.expires, at(3_600_000), "the window's end");

    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let mut draft = fixture.draft(&owner);
    draft.labels[0].label.ceiling = at(1_000);
    fixture.applied(&owner, &register(&draft));
    let grant = fixture.grant(&fixture.terms(&draft));
    let call = fixture.ask(grant, draft.labels[0].label.digest());
    let ticket = ticket_of(&fixture.applied(&clinician, &call));
    assert_eq!(ticket.expires, at(1_000), "the label's ceiling");
}

/// The clinician gets tickets from `at(1_000)` on, and none from `at(2_000)` on.
fn assert_open_in_the_second(fixture: &mut Fixture, grant: GrantId, label: Digest) {
    let opens_at = at(1_000);
    let ended_at = at(2_000);
    let clinician = fixture.clinician();
    for (time, denial) in [
        (at(999), Some(Denial::NotYet { opens_at })),
        (opens_at, None),
        (at(1_999), None),
        (ended_at, Some(Denial::Expired { ended_at })),
    ] {
        fixture.next_block(time);
        let call = fixture.ask(grant, label);
        match denial {
            Some(denial) => assert_eq!(clinician_denied(fixture, &call), denial),
            None => drop(fixture.applied(&clinician, &call)),
        }
    }
}

#[test]
fn the_window_is_half_open() {
    let (mut fixture, grant, label) = granted(|terms| {
        terms.window = Window::new(at(1_000), at(2_000)).unwrap();
    });
    assert_open_in_the_second(&mut fixture, grant, label);
}

#[test]
fn floor_and_ceiling_bound_every_grant() {
    let mut fixture = Fixture::ready();
    let owner = fixture.hospitals[0];
    let mut draft = fixture.draft(&owner);
    (draft.labels[0].label.floor, draft.labels[0].label.ceiling) = (at(1_000), at(2_000));
    fixture.applied(&owner, &register(&draft));
    let label = draft.labels[0].label.digest();
    let grant = fixture.grant(&GrantTerms {
        window: Window::new(Timestamp::from_millis(0), Timestamp::MAX).unwrap(),
        ..fixture.terms(&draft)
    });
    assert_open_in_the_second(&mut fixture, grant, label);
}

#[test]
fn a_revocation_holds_within_its_own_block() {
    let (mut fixture, grant, label) = granted(|_| ());
    let patient = fixture.patient();
    let clinician = fixture.clinician();
    let call = fixture.ask(grant, label);
    fixture.applied(&clinician, &call);
    fixture.applied(&patient, &Call::RevokeGrant { grant });
    let call = fixture.ask(grant, label);
    let height = fixture.block.height;
    let revoked = Denial::Revoked { height };
    assert_eq!(clinician_denied(&mut fixture, &call), revoked);
    fixture.next_block(at(9_999_999_999));
    let call = fixture.ask(grant, label);
    assert_eq!(
        clinician_denied(&mut fixture, &call),
        revoked,
        "revoked comes before expired"
    );
}

#[test]
fn tickets_count_as_uses_and_denials_do_not() {
    let (mut fixture, grant, label) = granted(|terms| terms.uses = Some(2));
    let clinician = fixture.clinician();
    for _ in 0..2 {
        let (mut wrong, secret) = fixture.request(grant, label);
        wrong.purpose = Purpose::Research;
        let proof = fixture.prove(&secret, &wrong);
        let requested = Purpose::Research;
        assert_eq!(
            clinician_denied(&mut fixture, &ask_with(&wrong, proof)),
            Denial::PurposeMismatch {
                requested,
                granted: Purpose::Treatment.into()
            }
        );
        let call = fixture.ask(grant, label);
        fixture.applied(&clinician, &call);
    }
    let call = fixture.ask(grant, label);
    let allowed = 2;
    assert_eq!(
        clinician_denied(&mut fixture, &call),
        Denial::UsesExhausted { allowed }
    );
}

/// Every check would fail at first; each step mends the field denied, and meets the next denial.
#[test]
fn denials_come_in_their_order() {
    let (mut fixture, grant, label) = granted(|terms| {
        terms.window = Window::new(at(1_000), at(2_000)).unwrap();
        terms.uses = Some(1);
    });
    let patient = fixture.patient();
    let stranger = fixture.stranger();
    let clinician = fixture.clinician();

    // The only use is taken first, within the window.
    let mut later = fixture.clone();
    later.next_block(at(1_500));
    let call = later.ask(grant, label);
    later.applied(&clinician, &call);
    let mut revoked = later.clone();
    revoked.applied(&patient, &Call::RevokeGrant { grant });
    let height = revoked.block.height;

    let (mut request, secret) = fixture.request(grant, label);
    request.chain = ChainId::from_digest(Digest::ZERO);
    request.grant = GrantId::from_digest(Digest::ZERO);
    request.grantee_key = stranger.key;
    request.purpose = Purpose::Research;
    request.label = Digest::ZERO;
    let proof = fixture.prove(&secret, &request);
    let check = |fixture: &mut Fixture, actor: &Actor, request: &_, denial: Denial| {
        assert_eq!(fixture.denied(actor, &ask_with(request, proof)), denial);
    };

    check(&mut revoked, &stranger, &request, Denial::WrongChain);
    request.chain = fixture.block.chain;
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
    let opens_at = at(1_000);
    let early = Denial::NotYet { opens_at };
    check(&mut fixture, &clinician, &request, early);
    let mut ended = later.clone();
    ended.next_block(at(2_000));
    let ended_at = at(2_000);
    let late = Denial::Expired { ended_at };
    check(&mut ended, &clinician, &request, late);
    let requested = Purpose::Research;
    let granted = Purpose::Treatment.into();
    let purpose = Denial::PurposeMismatch { requested, granted };
    check(&mut later, &clinician, &request, purpose);
    request.purpose = Purpose::Treatment;
    let allowed = 1;
    let uses = Denial::UsesExhausted { allowed };
    check(&mut later, &clinician, &request, uses);
    fixture.next_block(at(1_500));
    check(&mut fixture, &clinician, &request, Denial::LabelMismatch);
    request.label = label;
    check(
        &mut fixture,
        &clinician,
        &request,
        Denial::InvalidSessionKey,
    );
    let proof = fixture.prove(&secret, &request);
    fixture.applied(&clinician, &ask_with(&request, proof));
}

#[test]
fn a_request_seen_in_flight_serves_its_grantee_alone() {
    let (mut fixture, grant, label) = granted(|_| ());
    let clinician = fixture.clinician();
    let stranger = fixture.stranger();
    let (request, secret) = fixture.request(grant, label);
    let proof = fixture.prove(&secret, &request);
    let call = ask_with(&request, proof);

    // The stranger sends the same bytes, then under its own grant.
    assert_eq!(fixture.denied(&stranger, &call), Denial::NotGrantee);
    let record: GrantState = fixture.read(&keys::grant(&grant)).unwrap();
    let own = fixture.grant(&GrantTerms {
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
        fixture.denied(&stranger, &ask_with(&stolen, proof)),
        invalid("request.grantee_key")
    );
    stolen.grantee_key = stranger.key;
    assert_eq!(
        fixture.denied(&stranger, &ask_with(&stolen, proof)),
        Denial::InvalidSessionKey,
        "the proof is bound to the whole request"
    );

    fixture.applied(&clinician, &call);
    assert_eq!(
        clinician_denied(&mut fixture, &call),
        Denial::InvalidSessionKey,
        "nor does it serve twice"
    );
}

#[test]
fn a_proof_made_for_another_grant_proves_nothing() {
    let (mut fixture, grant, label) = granted(|_| ());
    let stored: GrantState = fixture.read(&keys::grant(&grant)).unwrap();
    let other = fixture.grant(&GrantTerms {
        record: stored.record,
        version: stored.version,
        grantee: stored.grantee,
        window: stored.window,
        purposes: stored.purposes,
        uses: None,
    });
    let (request, secret) = fixture.request(grant, label);
    let mut moved = request.clone();
    moved.grant = other;
    let proof = fixture.prove(&secret, &request);
    assert_eq!(
        clinician_denied(&mut fixture, &ask_with(&moved, proof)),
        Denial::InvalidSessionKey
    );
}

#[test]
fn a_session_key_needs_a_valid_point_and_its_logarithm() {
    let (mut fixture, grant, label) = granted(|_| ());
    let (good, secret) = fixture.request(grant, label);
    for session in [
        g1_identity(),
        g1_off_subgroup(),
        // A point of another party, such as Q of another record or another reader's R.
        g1_random(&mut fixture.rng),
    ] {
        let mut request = good.clone();
        request.session = session;
        let proof = fixture.prove(&secret, &request);
        assert_eq!(
            clinician_denied(&mut fixture, &ask_with(&request, proof)),
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
        clinician_denied(&mut fixture, &ask_with(&request, proof)),
        Denial::InvalidSessionKey
    );
    // A response that is not reduced.
    let mut proof = fixture.prove(&secret, &good);
    proof.response = ScalarBytes([0xff; 32]);
    assert_eq!(
        clinician_denied(&mut fixture, &ask_with(&good, proof)),
        Denial::InvalidSessionKey
    );
    let proof = fixture.prove(&secret, &good);
    let clinician = fixture.clinician();
    fixture.applied(&clinician, &ask_with(&good, proof));
}

#[test]
fn a_session_key_serves_one_ticket() {
    let (mut fixture, grant, label) = granted(|_| ());
    let clinician = fixture.clinician();
    let (first, secret) = fixture.request(grant, label);
    let proof = fixture.prove(&secret, &first);
    fixture.applied(&clinician, &ask_with(&first, proof));
    let (mut second, _) = fixture.request(grant, label);
    second.session = first.session;
    let proof = fixture.prove(&secret, &second);
    assert_eq!(
        clinician_denied(&mut fixture, &ask_with(&second, proof)),
        Denial::InvalidSessionKey
    );
}

#[test]
fn a_grant_covers_one_version_of_one_record() {
    let (mut fixture, grant, _) = granted(|_| ());
    let other = fixture.record();
    let call = fixture.ask(grant, other.labels[0].label.digest());
    assert_eq!(
        clinician_denied(&mut fixture, &call),
        Denial::LabelMismatch,
        "a label of another record"
    );
    let second = fixture.redraft(&other);
    let owner = fixture.hospitals[0];
    fixture.applied(&owner, &register(&second));
    let grant = fixture.grant(&fixture.terms(&other));
    let call = fixture.ask(grant, second.labels[0].label.digest());
    assert_eq!(
        clinician_denied(&mut fixture, &call),
        Denial::LabelMismatch,
        "a label of a later version"
    );
    let unknown = hash::digest("test", &[]);
    let call = fixture.ask(grant, unknown);
    assert_eq!(clinician_denied(&mut fixture, &call), Denial::LabelMismatch);
    assert_eq!(fixture.block.time, START);
}

/// Observers learn of each denied request, by whom, of which grant, and whose; those with another
/// sender's name on them are not counted as that sender's.
#[test]
fn denied_requests_are_events() {
    let (mut fixture, grant, label) = granted(|_| ());
    let [clinician, stranger] = [fixture.clinician(), fixture.stranger()];
    let patient = fixture.patient().person();
    let (request, secret) = fixture.request(grant, label);
    let proof = fixture.prove(&secret, &request);
    let call = ask_with(&request, proof);
    let attempt = |requester: &Actor, grant, grantor, denial| {
        let attempt = AccessDenied {
            requester: requester.principal,
            grant,
            grantor,
            purpose: Purpose::Treatment,
            denial,
        };
        vec![Event::AccessDenied(Box::new(attempt))]
    };
    let hospital = fixture.hospitals[1];
    for requester in [stranger, hospital] {
        let outcome = fixture.send(&requester, &call);
        assert_eq!(outcome.denial(), Some(&Denial::NotGrantee));
        let expected = attempt(&requester, grant, Some(patient), Denial::NotGrantee);
        assert_eq!(outcome.into_events(), expected);
    }
    let unknown = GrantId::from_digest(hash::digest("test", &[]));
    let elsewhere = fixture.ask(unknown, label);
    let outcome = fixture.send(&clinician, &elsewhere);
    let expected = attempt(&clinician, unknown, None, Denial::UnknownGrant);
    assert_eq!(outcome.into_events(), expected);

    let revoke = Call::RevokeGrant { grant };
    let grantor = fixture.patient();
    fixture.applied(&grantor, &revoke);
    let height = fixture.block.height;
    let outcome = fixture.send(&clinician, &call);
    let expected = attempt(&clinician, grant, Some(patient), Denial::Revoked { height });
    assert_eq!(outcome.into_events(), expected);

    // Not a request for access, and a request under a key that is not the sender's.
    let outcome = fixture.send(&stranger, &revoke);
    assert_eq!(outcome, Outcome::Denied(Denial::NotAuthorised));
    let impostor = Actor {
        key: stranger.key,
        ..clinician
    };
    let outcome = fixture.send(&impostor, &call);
    assert_eq!(outcome, Outcome::Denied(Denial::UnknownSender));
    assert!(outcome.into_events().is_empty());
}
