//! Proofs of misbehaviour: the contract counts what its caller judged.

use medshare_contract::state::MisbehaviourState;
use medshare_contract::{Call, MAX_EVIDENCE_LEN, ProvenMisbehaviour, keys};
use medshare_types::{Denial, Digest, Epoch, Event, Height, OrganisationId, Wire};

use crate::fixture::{Actor, Fixture, invalid};

pub(crate) fn report(evidence: &[u8]) -> Call {
    Call::ReportMisbehaviour {
        evidence: evidence.to_vec(),
    }
}

/// As a node judges evidence that is good.
pub(crate) fn proven(organisation: OrganisationId, epoch: Epoch) -> ProvenMisbehaviour {
    ProvenMisbehaviour {
        organisation,
        epoch,
        height: Height(7),
    }
}

impl Fixture {
    pub(crate) fn misbehaviour(&self, culprit: &Actor, epoch: Epoch) -> Option<MisbehaviourState> {
        self.read(&keys::misbehaviour(&culprit.organisation(), epoch))
    }
}

#[test]
fn a_proof_is_kept_with_its_evidence() {
    let mut fixture = Fixture::founded();
    let [reporter, culprit] = [0, 1].map(|index| fixture.hospitals[index]);
    let organisation = culprit.organisation();
    let (epoch, height) = (Epoch(3), Height(7));
    fixture.block.height = Height(9);
    fixture.proven = Some(proven(organisation, epoch));
    let proof = Event::MisbehaviourProven {
        organisation,
        epoch,
        height,
    };
    assert_eq!(fixture.applied(&reporter, &report(b"two votes")), [proof]);
    let expected = MisbehaviourState {
        organisation,
        epoch,
        height,
        reported_at: Height(9),
        evidence: b"two votes".to_vec(),
    };
    assert_eq!(fixture.misbehaviour(&culprit, epoch), Some(expected));
    assert_eq!(fixture.misbehaviour(&reporter, epoch), None);
}

#[test]
fn evidence_that_was_not_judged_proves_nothing() {
    let mut fixture = Fixture::founded();
    let [reporter, culprit] = [0, 1].map(|index| fixture.hospitals[index]);
    for evidence in [&b""[..], b"two votes", &[0; MAX_EVIDENCE_LEN]] {
        let denial = fixture.denied(&reporter, &report(evidence));
        assert_eq!(denial, invalid("evidence"));
    }
    // A denied report does not use up the proof.
    fixture.proven = Some(proven(culprit.organisation(), Epoch(0)));
    fixture.applied(&reporter, &report(b"two votes"));
}

#[test]
fn evidence_is_bounded_whatever_it_proves() {
    let mut fixture = Fixture::founded();
    let [reporter, culprit] = [0, 1].map(|index| fixture.hospitals[index]);
    fixture.proven = Some(proven(culprit.organisation(), Epoch(0)));
    assert_eq!(MAX_EVIDENCE_LEN, 1024);
    for length in [1025, 1 << 16] {
        let call = report(&vec![0; length]);
        assert_eq!(fixture.denied(&reporter, &call), invalid("evidence"));
    }
    fixture.applied(&reporter, &report(&[0; 1024]));
    let kept = fixture.misbehaviour(&culprit, Epoch(0)).unwrap();
    assert_eq!(kept.evidence.len(), 1024);
}

#[test]
fn people_prove_nothing() {
    let mut fixture = Fixture::ready();
    let patient = fixture.patient();
    let culprit = fixture.hospitals[1];
    fixture.proven = Some(proven(culprit.organisation(), Epoch(0)));
    let denial = fixture.denied(&patient, &report(b"two votes"));
    assert_eq!(denial, Denial::NotAuthorised);
}

/// One machine restored from a copy contradicts many of its votes, and several organisations see it.
#[test]
fn misbehaviour_counts_once_an_organisation_and_epoch() {
    let mut fixture = Fixture::founded();
    let [first, second, culprit, other] = [0, 1, 2, 3].map(|index| fixture.hospitals[index]);
    fixture.proven = Some(proven(culprit.organisation(), Epoch(4)));
    fixture.applied(&first, &report(b"votes at 7"));
    let kept = fixture.misbehaviour(&culprit, Epoch(4));
    for (reporter, evidence) in [
        (first, b"votes at 7"),
        (second, b"votes at 7"),
        (second, b"votes at 8"),
        (culprit, b"votes at 9"),
    ] {
        fixture.proven = fixture.proven.map(|earlier| ProvenMisbehaviour {
            height: earlier.height.next(),
            ..earlier
        });
        let denial = fixture.denied(&reporter, &report(evidence));
        assert_eq!(denial, Denial::AlreadyExists);
    }
    fixture.next_epoch();
    let denial = fixture.denied(&first, &report(b"votes at 7"));
    assert_eq!(denial, Denial::AlreadyExists, "also in a later epoch");
    assert_eq!(fixture.misbehaviour(&culprit, Epoch(4)), kept);

    // Another epoch, or another culprit, is another misbehaviour.
    for (culprit, epoch) in [(culprit, 5), (culprit, 3), (other, 4)] {
        fixture.proven = Some(proven(culprit.organisation(), Epoch(epoch)));
        fixture.applied(&first, &report(b"votes at 7"));
        assert!(fixture.misbehaviour(&culprit, Epoch(epoch)).is_some());
    }
}

/// Of all calls, `ReportMisbehaviour` alone goes by what was proven.
#[test]
fn no_other_call_proves_misbehaviour() {
    let mut fixture = Fixture::founded();
    let [hospital, culprit] = [0, 1].map(|index| fixture.hospitals[index]);
    fixture.proven = Some(proven(culprit.organisation(), Epoch(0)));
    fixture.applied(&hospital, &fixture.voting_key(&hospital, 80));
    let person = Actor::person_with_seed(50);
    fixture.applied(&hospital, &fixture.enrol(&hospital, &person, &[]));
    assert_eq!(fixture.misbehaviour(&culprit, Epoch(0)), None);
}

#[test]
fn a_report_has_these_bytes() {
    let snapshot = b"mCAL\x00\x01\x09\x02\0\0\0ab";
    assert_eq!(report(b"ab").to_wire(), snapshot);
    let state = MisbehaviourState {
        organisation: OrganisationId::from_digest(Digest::from_bytes([1; 32])),
        epoch: Epoch(2),
        height: Height(3),
        reported_at: Height(4),
        evidence: b"ab".to_vec(),
    };
    let fields: [&[u8]; 6] = [
        b"mSMB\x00\x01",
        &[1; 32],
        b"\x02\0\0\0\0\0\0\0",
        b"\x03\0\0\0\0\0\0\0",
        b"\x04\0\0\0\0\0\0\0",
        b"\x02\0\0\0ab",
    ];
    assert_eq!(state.to_wire(), fields.concat());
}
