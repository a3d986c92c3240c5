//! With real holders: the key that the contract establishes is the one their shares make, and a
//! ticket of the contract is what they release for.

use medshare_contract::state::{HolderSet, RecordState, TicketState};
use medshare_contract::{Call, deals_digest, keys};
use medshare_threshold::{dkg, gate, holder, open, rules, session};
use medshare_types::consent::AccessRequest;
use medshare_types::{Deal, Nonce, Purpose, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::world::{CLASS, START, World, acknowledge, ask_with, enrol, register, ticket_of};

/// Every hospital deals, opens every deal as it stands in the state, and acknowledges.
fn real_ceremony(world: &mut World, pairs: &[holder::HolderKeyPair]) -> Vec<holder::HolderShare> {
    let set: HolderSet = world.read(&keys::holders(CLASS)).unwrap();
    let holders: Vec<_> = set
        .holders
        .iter()
        .map(|h| (h.organisation, h.key))
        .collect();
    let roster = dkg::Roster::new(world.block.chain, CLASS, &holders, set.threshold).unwrap();
    let hospitals = world.hospitals.clone();
    let participants: Vec<_> = hospitals
        .iter()
        .zip(pairs)
        .map(|(hospital, pair)| {
            dkg::Participant::new(&roster, hospital.organisation(), pair).unwrap()
        })
        .collect();
    for (hospital, participant) in hospitals.iter().zip(&participants) {
        let deal = participant.deal(&mut world.rng);
        world.applied(hospital, &Call::PostDeal { class: CLASS, deal });
    }
    let deals: Vec<Deal> = hospitals
        .iter()
        .map(|hospital| world.read(&keys::deal(CLASS, &hospital.organisation())))
        .collect::<Option<_>>()
        .unwrap();
    let digests: Vec<_> = deals.iter().map(Deal::digest).collect();
    let digest = deals_digest(&world.block.chain, CLASS, &digests);
    let mut contributions = vec![];
    for (hospital, participant) in hospitals.iter().zip(&participants) {
        let opened: Vec<_> = hospitals
            .iter()
            .zip(&deals)
            .map(|(dealer, deal)| {
                participant
                    .open(dealer.organisation(), deal, &mut world.rng)
                    .unwrap()
            })
            .collect();
        contributions.push(opened);
        world.applied(hospital, &acknowledge(digest));
    }
    let key = world.gate_key();
    participants
        .iter()
        .zip(&contributions)
        .map(|(participant, opened)| participant.combine(&key, opened).unwrap())
        .collect()
}

#[test]
fn a_ticket_of_the_contract_opens_what_was_sealed_to_its_key() {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let pairs: [_; 4] = std::array::from_fn(|_| holder::HolderKeyPair::random(&mut rng));
    let mut world = World::founded_with(std::array::from_fn(|n| pairs[n].public()), rng);
    let owner = world.hospitals[0];
    for person in world.people.clone() {
        world.applied(&owner, &enrol(&person, &[]));
    }
    let shares = real_ceremony(&mut world, &pairs);
    let key = world.gate_key();

    let sealer = gate::GateSealer::new(&mut world.rng);
    let mut draft = world.draft(&owner);
    draft.labels[0].label.u = sealer.u();
    world.applied(&owner, &register(&draft));
    let sealed = sealer.factor(&key, &draft.labels[0].label).unwrap();

    let grant = world.grant(&world.terms(&draft));
    let secret = session::SessionSecret::new(&mut world.rng);
    let clinician = world.clinician();
    let request = AccessRequest {
        chain: world.block.chain,
        grant,
        label: draft.labels[0].label.digest(),
        grantee_key: clinician.key,
        session: secret.public(),
        purpose: Purpose::Treatment,
        nonce: Nonce::random(&mut world.rng),
    };
    let proof = secret.prove(&request, &mut world.rng);
    let ticket = ticket_of(&world.applied(&clinician, &ask_with(&request, proof)));

    // The holders read ticket and label from the state.
    let TicketState { ticket } = world.read(&keys::ticket(&ticket.id)).unwrap();
    let record: RecordState = world
        .read(&keys::record(&ticket.record, ticket.version))
        .unwrap();
    let label = &record.label(&ticket.label).unwrap().label;
    let facts = rules::ReleaseFacts {
        tip_time: START,
        local_time: START,
        grant_not_after: world.terms(&draft).window.not_after(),
        revoked: None,
        ticket_lifetime_ms: world.block.parameters.ticket_lifetime_ms,
    };
    let permit = rules::may_release(&key, &ticket, label, &facts).unwrap();
    let signers: [_; 4] = std::array::from_fn(|n| SigningKey::from_seed(&[n as u8 + 1; 32]));
    let released: Vec<_> = (1..4)
        .map(|n| {
            shares[n]
                .release(&permit, &signers[n], &mut world.rng)
                .unwrap()
        })
        .collect();
    let names = world
        .hospitals
        .iter()
        .map(|hospital| (hospital.organisation(), hospital.key));
    let names: Vec<_> = names.collect();
    let recovered = open::recover(&key, label, &ticket, &secret, &names, &released).unwrap();
    assert_eq!(recovered.factor, sealed);
}
