//! Keys that organisations vote with, and proofs against their votes.

use medshare_contract::state::{MisbehaviourState, VotingKeyState};
use medshare_contract::{Call, ProvenMisbehaviour, keys, voting_key_statement};
use medshare_types::{Digest, Epoch, Event, Height, OrganisationId};

use crate::fixture::{Actor, Fixture};

impl Fixture {
    /// A registration, for the next epoch, of the key with this seed.
    pub(crate) fn voting_key(&self, hospital: &Actor, seed: u8) -> Call {
        let voter = Actor::organisation_with_seed(seed);
        let epoch = self.block.epoch.next();
        let organisation = hospital.organisation();
        let statement = voting_key_statement(&self.block.chain, &organisation, epoch, &voter.key);
        Call::RegisterVotingKey {
            epoch,
            key: voter.key,
            possession: voter.sign(&statement),
            height: Height(1),
            header: Digest::ZERO,
        }
    }
}

pub(crate) fn report(evidence: &[u8]) -> Call {
    Call::ReportMisbehaviour {
        evidence: evidence.to_vec(),
    }
}

pub(crate) fn misbehaviour(organisation: OrganisationId) -> ProvenMisbehaviour {
    ProvenMisbehaviour {
        organisation,
        epoch: Epoch(0),
        height: Height(7),
    }
}

#[test]
fn an_organisation_registers_a_voting_key() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let organisation = hospital.organisation();
    let key = Actor::organisation_with_seed(80).key;
    let epoch = Epoch(1);
    fixture.follows = true;
    let call = fixture.voting_key(&hospital, 80);
    assert_eq!(
        fixture.applied(&hospital, &call),
        [Event::VotingKeyRegistered {
            organisation,
            epoch,
            key,
            follows: true,
        }]
    );
    let stored: VotingKeyState = fixture.read(&keys::voting_key(&organisation)).unwrap();
    let expected = VotingKeyState {
        organisation,
        epoch,
        key,
        follows: true,
        registrations: 1,
    };
    assert_eq!(stored, expected);
}

#[test]
fn a_proof_against_an_organisation_is_kept_with_its_evidence() {
    let mut fixture = Fixture::founded();
    let reporter = fixture.hospitals[0];
    let organisation = fixture.hospitals[1].organisation();
    let (epoch, height) = (Epoch(0), Height(7));
    fixture.proven = Some(misbehaviour(organisation));
    let proof = Event::MisbehaviourProven {
        organisation,
        epoch,
        height,
    };
    assert_eq!(fixture.applied(&reporter, &report(b"two votes")), [proof]);
    let key = keys::misbehaviour(&organisation, epoch);
    let expected = MisbehaviourState {
        organisation,
        epoch,
        height,
        reported_at: Height(1),
        evidence: b"two votes".to_vec(),
    };
    assert_eq!(fixture.read(&key), Some(expected));
}
