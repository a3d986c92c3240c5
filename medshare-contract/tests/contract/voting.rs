//! Registration of the keys that organisations vote with.

use medshare_contract::state::VotingKeyState;
use medshare_contract::{Call, MAX_VOTING_KEYS, RULES_VERSION, keys, voting_key_statement};
use medshare_types::{
    ChainId, Denial, Digest, Epoch, Event, Height, OrganisationId, Signature, VerifyingKey, Wire,
    hash,
};

use crate::fixture::{Actor, Fixture, invalid};

impl Fixture {
    /// A registration for the next epoch of the key with this seed.
    pub(crate) fn voting_key(&self, hospital: &Actor, seed: u8) -> Call {
        self.voting_key_for(self.block.epoch.next(), hospital, seed)
    }

    fn voting_key_for(&self, epoch: Epoch, hospital: &Actor, seed: u8) -> Call {
        let voter = voter(seed);
        let possession = possession(&self.block.chain, hospital, epoch, &voter, &voter);
        register(epoch, voter.key, possession)
    }

    fn registered(&self, hospital: &Actor) -> Option<VotingKeyState> {
        self.read(&keys::voting_key(&hospital.organisation()))
    }

    pub(crate) fn next_epoch(&mut self) {
        self.block.epoch = self.block.epoch.next();
        self.next_block(self.block.time.plus_millis(1_000));
    }
}

/// Has the secret of a key; what it is a key of, the call says.
pub(crate) fn voter(seed: u8) -> Actor {
    Actor::organisation_with_seed(seed)
}

/// The statement that `key` is `hospital`'s in `epoch`, signed by `signer`.
pub(crate) fn possession(
    chain: &ChainId,
    hospital: &Actor,
    epoch: Epoch,
    key: &Actor,
    signer: &Actor,
) -> Signature {
    let organisation = hospital.organisation();
    signer.sign(&voting_key_statement(chain, &organisation, epoch, &key.key))
}

pub(crate) fn register(epoch: Epoch, key: VerifyingKey, possession: Signature) -> Call {
    Call::RegisterVotingKey {
        epoch,
        key,
        possession,
        height: Height(1),
        header: Digest::ZERO,
    }
}

#[test]
fn the_last_voting_key_for_an_epoch_counts() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let organisation = hospital.organisation();
    fixture.block.epoch = Epoch(6);
    let epoch = Epoch(7);
    assert_eq!(fixture.registered(&hospital), None);
    for (registrations, seed, follows) in [(1, 80, true), (2, 81, false), (3, 82, true)] {
        fixture.follows = follows;
        let key = voter(seed).key;
        let call = fixture.voting_key(&hospital, seed);
        assert_eq!(
            fixture.applied(&hospital, &call),
            [Event::VotingKeyRegistered {
                organisation,
                epoch,
                key,
                follows,
            }]
        );
        let expected = VotingKeyState {
            organisation,
            epoch,
            key,
            follows,
            registrations,
        };
        assert_eq!(fixture.registered(&hospital), Some(expected));
    }
    assert_eq!(fixture.registered(&fixture.hospitals[1]), None);
}

#[test]
fn registrations_are_bounded_by_organisation_and_epoch() {
    let mut fixture = Fixture::founded();
    let [hospital, other] = [0, 1].map(|index| fixture.hospitals[index]);
    let allowed = MAX_VOTING_KEYS;
    assert_eq!(allowed, 4);
    let exhausted = Denial::VotingKeysExhausted { allowed };
    for seed in 80..84 {
        fixture.applied(&hospital, &fixture.voting_key(&hospital, seed));
    }
    let last = fixture.registered(&hospital);
    for seed in [84, 85] {
        let call = fixture.voting_key(&hospital, seed);
        assert_eq!(fixture.denied(&hospital, &call), exhausted);
    }
    assert_eq!(fixture.registered(&hospital), last);
    fixture.applied(&other, &fixture.voting_key(&other, 90));
    // The next epoch has a count of its own, and a denied key was not used up.
    fixture.next_epoch();
    for seed in 84..88 {
        fixture.applied(&hospital, &fixture.voting_key(&hospital, seed));
    }
    let call = fixture.voting_key(&hospital, 88);
    assert_eq!(fixture.denied(&hospital, &call), exhausted);
    let stored = fixture.registered(&hospital).unwrap();
    assert_eq!((stored.epoch, stored.key), (Epoch(2), voter(87).key));
}

#[test]
fn a_key_is_for_the_next_epoch_alone() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    fixture.block.epoch = Epoch(5);
    for epoch in [0, 4, 5, 7, u64::MAX] {
        let call = fixture.voting_key_for(Epoch(epoch), &hospital, 80);
        assert_eq!(fixture.denied(&hospital, &call), invalid("epoch"));
    }
    fixture.applied(&hospital, &fixture.voting_key_for(Epoch(6), &hospital, 80));
}

#[test]
fn people_register_no_voting_key() {
    let mut fixture = Fixture::ready();
    let patient = fixture.patient();
    let hospital = fixture.hospitals[0];
    let epoch = Epoch(1);
    // Signed for the organisation of the patient's own digest, and for the one that enrolled her.
    let own = OrganisationId::from_digest(*patient.person().digest());
    let statement = voting_key_statement(&fixture.block.chain, &own, epoch, &patient.key);
    for call in [
        register(epoch, patient.key, patient.sign(&statement)),
        fixture.voting_key(&hospital, 80),
    ] {
        assert_eq!(fixture.denied(&patient, &call), Denial::NotAuthorised);
    }
}

/// Without its secret, no organisation registers another's key: not in flight, and not changed.
#[test]
fn a_registration_seen_in_flight_serves_its_organisation_alone() {
    let mut fixture = Fixture::founded();
    let [victim, thief] = [0, 3].map(|index| fixture.hospitals[index]);
    let (chain, epoch) = (fixture.block.chain, Epoch(1));
    let key = voter(80);
    let honest = fixture.voting_key(&victim, 80);
    for stolen in [
        honest.clone(),
        // The thief signs for itself: by its transactions' key, and by another of its own.
        register(
            epoch,
            key.key,
            possession(&chain, &thief, epoch, &key, &thief),
        ),
        register(
            epoch,
            key.key,
            possession(&chain, &thief, epoch, &key, &voter(81)),
        ),
        // The victim's possession of its key under a key of the thief.
        register(
            epoch,
            voter(81).key,
            possession(&chain, &victim, epoch, &key, &key),
        ),
        // A key that founded another organisation.
        register(
            epoch,
            victim.key,
            possession(&chain, &thief, epoch, &victim, &thief),
        ),
    ] {
        assert_eq!(fixture.denied(&thief, &stolen), invalid("possession"));
    }
    assert_eq!(fixture.registered(&thief), None);
    fixture.applied(&victim, &honest);
}

#[test]
fn a_possession_is_not_replayed_in_another_epoch_or_chain() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let key = voter(80);
    let kept = fixture.voting_key(&hospital, 80);
    let Call::RegisterVotingKey { possession, .. } = kept else {
        unreachable!()
    };
    fixture.next_epoch();
    assert_eq!(fixture.denied(&hospital, &kept), invalid("epoch"));
    let moved = register(Epoch(2), key.key, possession);
    assert_eq!(fixture.denied(&hospital, &moved), invalid("possession"));

    let mut other = Fixture::founded();
    other.block.chain = ChainId::from_digest(hash::digest("test/chain", &[]));
    assert_eq!(other.denied(&hospital, &kept), invalid("possession"));
    other.applied(&hospital, &other.voting_key(&hospital, 80));
}

#[test]
fn a_key_that_founded_an_organisation_is_never_a_voting_key() {
    let mut fixture = Fixture::founded();
    let [hospital, other] = [0, 1].map(|index| fixture.hospitals[index]);
    // Its own, and one of a founder that signs for it.
    for seed in [hospital.seed, other.seed] {
        let call = fixture.voting_key(&hospital, seed);
        assert_eq!(fixture.denied(&hospital, &call), Denial::AlreadyExists);
    }
    // A key that founds nothing is free, though it would give an identifier.
    fixture.applied(&hospital, &fixture.voting_key(&hospital, 80));
}

#[test]
fn a_voting_key_is_registered_once_for_ever() {
    let mut fixture = Fixture::founded();
    let [hospital, accomplice] = [0, 1].map(|index| fixture.hospitals[index]);
    fixture.applied(&hospital, &fixture.voting_key(&hospital, 80));
    fixture.applied(&hospital, &fixture.voting_key(&hospital, 81));
    for _ in 0..3 {
        // The replaced key and the last one; by its owner, and by one that it signs for.
        for (actor, seed) in [
            (hospital, 80),
            (hospital, 81),
            (accomplice, 80),
            (accomplice, 81),
        ] {
            let call = fixture.voting_key(&actor, seed);
            assert_eq!(fixture.denied(&actor, &call), Denial::AlreadyExists);
        }
        fixture.next_epoch();
    }
    let stored = fixture.registered(&hospital).unwrap();
    assert_eq!((stored.epoch, stored.key), (Epoch(1), voter(81).key));
    assert_eq!(fixture.registered(&accomplice), None);
}

/// The order of the rules: of two faults the first is told.
#[test]
fn the_first_fault_of_a_registration_is_told() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let other = voter(99);
    let chain = fixture.block.chain;
    for seed in 80..84 {
        fixture.applied(&hospital, &fixture.voting_key(&hospital, seed));
    }
    let forged = |epoch, key: Actor| {
        let possession = possession(&chain, &hospital, epoch, &key, &other);
        register(epoch, key.key, possession)
    };
    for (call, denial) in [
        (forged(Epoch(2), voter(80)), invalid("epoch")),
        (forged(Epoch(1), voter(80)), invalid("possession")),
        (forged(Epoch(1), hospital), invalid("possession")),
        (fixture.voting_key(&hospital, 80), Denial::AlreadyExists),
        (
            fixture.voting_key(&hospital, hospital.seed),
            Denial::AlreadyExists,
        ),
    ] {
        assert_eq!(fixture.denied(&hospital, &call), denial);
    }
}

#[test]
fn bytes_that_are_not_a_key_register_nothing() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let Call::RegisterVotingKey { possession, .. } = fixture.voting_key(&hospital, 80) else {
        unreachable!()
    };
    // No point of the curve has this encoding.
    let mut bytes = [0; 32];
    bytes[0] = 2;
    for (key, signature) in [
        (VerifyingKey::from_bytes(bytes), possession),
        (VerifyingKey::from_bytes([0xff; 32]), possession),
        (voter(80).key, Signature::from_bytes([0xff; 64])),
    ] {
        let call = register(Epoch(1), key, signature);
        assert_eq!(fixture.denied(&hospital, &call), invalid("possession"));
    }
}

#[test]
fn the_possession_signs_chain_organisation_epoch_and_key() {
    let chain = ChainId::from_digest(hash::digest("test/chain", &[]));
    let organisation = OrganisationId::from_digest(hash::digest("test/organisation", &[]));
    let key = VerifyingKey::from_bytes([3; 32]);
    let epoch = b"\x02\x01\0\0\0\0\0\0";
    let fields: [&[u8]; 4] = [chain.as_ref(), organisation.as_ref(), epoch, &[3; 32]];
    assert_eq!(
        voting_key_statement(&chain, &organisation, Epoch(0x102), &key),
        hash::digest("medshare/contract/voting-key/v1", &fields)
    );
}

#[test]
fn a_registration_has_these_bytes() {
    let call = Call::RegisterVotingKey {
        epoch: Epoch(2),
        key: VerifyingKey::from_bytes([3; 32]),
        possession: Signature::from_bytes([5; 64]),
        height: Height(7),
        header: Digest::from_bytes([9; 32]),
    };
    let fields: [&[u8]; 6] = [
        b"mCAL\x00\x01\x08",
        b"\x02\0\0\0\0\0\0\0",
        &[3; 32],
        &[5; 64],
        b"\x07\0\0\0\0\0\0\0",
        &[9; 32],
    ];
    assert_eq!(call.to_wire(), fields.concat());
    let state = VotingKeyState {
        organisation: OrganisationId::from_digest(Digest::from_bytes([1; 32])),
        epoch: Epoch(2),
        key: VerifyingKey::from_bytes([3; 32]),
        follows: true,
        registrations: 4,
    };
    let fields: [&[u8]; 5] = [
        b"mSVK\x00\x01",
        &[1; 32],
        b"\x02\0\0\0\0\0\0\0",
        &[3; 32],
        b"\x01\x04\0\0\0",
    ];
    assert_eq!(state.to_wire(), fields.concat());
    assert_eq!(RULES_VERSION, 3);
}
