//! With real holders: the key that the contract establishes is the one their shares make, and a
//! ticket of the contract is what they release for.

use medshare_contract::state::{HolderSet, RecordState, TicketState};
use medshare_contract::{Call, RegisterRecord, deals_digest, keys};
use medshare_threshold::gate::GateFactor;
use medshare_threshold::{dkg, gate, holder, open, rules, session};
use medshare_types::consent::AccessRequest;
use medshare_types::{Deal, Nonce, Purpose, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::world::{CLASS, START, World, acknowledge, ask_with, register, ticket_of};

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

/// A consortium with holders of a real gate key.
fn with_gate() -> (World, Vec<holder::HolderShare>) {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let pairs: [_; 4] = std::array::from_fn(|_| holder::HolderKeyPair::random(&mut rng));
    let mut world = World::founded_with(std::array::from_fn(|n| pairs[n].public()), rng);
    let owner = world.hospitals[0];
    for person in world.people.clone() {
        world.applied(&owner, &world.enrol(&owner, &person, &[]));
    }
    let shares = real_ceremony(&mut world, &pairs);
    (world, shares)
}

/// The patient grants a registered record to the clinician, who gets a ticket and three shares.
fn key_through_the_gate(
    world: &mut World,
    shares: &[holder::HolderShare],
    draft: &RegisterRecord,
) -> GateFactor {
    let key = world.gate_key();
    let grant = world.grant(&world.terms(draft));
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
        grant_not_after: world.terms(draft).window.not_after(),
        revoked: None,
        ticket_lifetime_ms: world.block.parameters.ticket_lifetime_ms,
        clock_margin_ms: 2_500,
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
    open::recover(&key, label, &ticket, &secret, &names, &released)
        .unwrap()
        .factor
}

#[test]
fn a_ticket_of_the_contract_opens_what_was_sealed_to_its_key() {
    let (mut world, shares) = with_gate();
    let owner = world.hospitals[0];
    let sealer = gate::GateSealer::new(&mut world.rng);
    let mut draft = world.draft(&owner);
    draft.labels[0].label.u = sealer.u();
    world.applied(&owner, &register(&draft));
    let key = world.gate_key();
    let sealed = sealer.factor(&key, &draft.labels[0].label).unwrap();
    assert_eq!(key_through_the_gate(&mut world, &shares, &draft), sealed);
}

/// Why a U need not be unique across owners: every shared field of the label copied, the subject
/// and the clinician on the thief's side, and still another key.
#[test]
fn a_copied_u_under_ones_own_label_opens_nothing_of_its_owners() {
    let (mut world, shares) = with_gate();
    let (owner, thief) = (world.hospitals[0], world.hospitals[3]);
    let sealer = gate::GateSealer::new(&mut world.rng);
    let mut victim = world.draft(&owner);
    victim.labels[0].label.u = sealer.u();
    world.applied(&owner, &register(&victim));
    let sealed = sealer
        .factor(&world.gate_key(), &victim.labels[0].label)
        .unwrap();

    let mut copy = world.draft(&thief);
    copy.preamble = victim.preamble;
    copy.labels[0] = victim.labels[0].clone();
    let context = &mut copy.labels[0].label.context;
    (context.record, context.owner) = (copy.record, thief.organisation());
    world.applied(&thief, &register(&copy));
    assert_ne!(key_through_the_gate(&mut world, &shares, &copy), sealed);
    assert_eq!(key_through_the_gate(&mut world, &shares, &victim), sealed);
}
