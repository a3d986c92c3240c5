//! Rules and real holders together: the contract's gate key is that of their shares, and they release
//! for its tickets.

use medshare_contract::state::{HolderSet, RecordState, TicketState};
use medshare_contract::{Call, RegisterRecord, deals_digest, keys};
use medshare_threshold::gate::GateFactor;
use medshare_threshold::{dkg, gate, holder, open, rules, session};
use medshare_types::consent::AccessRequest;
use medshare_types::{Deal, Nonce, Purpose, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::fixture::{CLASS, Fixture, START, acknowledge, ask_with, register, ticket_of};

/// Every hospital deals, opens every deal in the state, and acknowledges.
fn real_ceremony(
    fixture: &mut Fixture,
    pairs: &[holder::HolderKeyPair],
) -> Vec<holder::HolderShare> {
    let set: HolderSet = fixture.read(&keys::holders(CLASS)).unwrap();
    let holders: Vec<_> = set
        .holders
        .iter()
        .map(|h| (h.organisation, h.key))
        .collect();
    let roster = dkg::Roster::new(fixture.block.chain, CLASS, &holders, set.threshold).unwrap();
    let hospitals = fixture.hospitals.clone();
    let participants: Vec<_> = hospitals
        .iter()
        .zip(pairs)
        .map(|(hospital, pair)| {
            dkg::Participant::new(&roster, hospital.organisation(), pair).unwrap()
        })
        .collect();
    for (hospital, participant) in hospitals.iter().zip(&participants) {
        let deal = participant.deal(&mut fixture.rng);
        fixture.applied(hospital, &Call::PostDeal { class: CLASS, deal });
    }
    let deals: Vec<Deal> = hospitals
        .iter()
        .map(|hospital| fixture.read(&keys::deal(CLASS, &hospital.organisation())))
        .collect::<Option<_>>()
        .unwrap();
    let digests: Vec<_> = deals.iter().map(Deal::digest).collect();
    let digest = deals_digest(&fixture.block.chain, CLASS, &digests);
    let mut contributions = vec![];
    for (hospital, participant) in hospitals.iter().zip(&participants) {
        let opened: Vec<_> = hospitals
            .iter()
            .zip(&deals)
            .map(|(dealer, deal)| {
                participant
                    .open(dealer.organisation(), deal, &mut fixture.rng)
                    .unwrap()
            })
            .collect();
        contributions.push(opened);
        fixture.applied(hospital, &acknowledge(digest));
    }
    let key = fixture.gate_key();
    participants
        .iter()
        .zip(&contributions)
        .map(|(participant, opened)| participant.combine(&key, opened).unwrap())
        .collect()
}

/// A consortium with holders of a real gate key.
fn with_gate() -> (Fixture, Vec<holder::HolderShare>) {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let pairs: [_; 4] = std::array::from_fn(|_| holder::HolderKeyPair::random(&mut rng));
    let mut fixture = Fixture::founded_with(std::array::from_fn(|n| pairs[n].public()), rng);
    let owner = fixture.hospitals[0];
    for person in fixture.people.clone() {
        fixture.applied(&owner, &fixture.enrol(&owner, &person, &[]));
    }
    let shares = real_ceremony(&mut fixture, &pairs);
    (fixture, shares)
}

/// The patient grants a registered record to the clinician, who gets a ticket and three shares.
fn key_through_the_gate(
    fixture: &mut Fixture,
    shares: &[holder::HolderShare],
    draft: &RegisterRecord,
) -> GateFactor {
    let key = fixture.gate_key();
    let grant = fixture.grant(&fixture.terms(draft));
    let secret = session::SessionSecret::new(&mut fixture.rng);
    let clinician = fixture.clinician();
    let request = AccessRequest {
        chain: fixture.block.chain,
        grant,
        label: draft.labels[0].label.digest(),
        grantee_key: clinician.key,
        session: secret.public(),
        purpose: Purpose::Treatment,
        nonce: Nonce::random(&mut fixture.rng),
    };
    let proof = secret.prove(&request, &mut fixture.rng);
    let ticket = ticket_of(&fixture.applied(&clinician, &ask_with(&request, proof)));

    // The holders read ticket and label from the state.
    let TicketState { ticket } = fixture.read(&keys::ticket(&ticket.id)).unwrap();
    let record: RecordState = fixture
        .read(&keys::record(&ticket.record, ticket.version))
        .unwrap();
    let label = &record.label(&ticket.label).unwrap().label;
    let facts = rules::ReleaseFacts {
        tip_time: START,
        local_time: START,
        grant_not_after: fixture.terms(draft).window.not_after(),
        revoked: None,
        ticket_lifetime_ms: fixture.block.parameters.ticket_lifetime_ms,
        clock_margin_ms: 2_500,
    };
    let permit = rules::may_release(&key, &ticket, label, &facts).unwrap();
    let signers: [_; 4] =
        std::array::from_fn(|n| SigningKey::from_seed(&[u8::try_from(n + 1).unwrap(); 32]));
    let released: Vec<_> = (1..4)
        .map(|n| {
            shares[n]
                .release(&permit, &signers[n], &mut fixture.rng)
                .unwrap()
        })
        .collect();
    let signing_keys: Vec<_> = fixture
        .hospitals
        .iter()
        .map(|hospital| (hospital.organisation(), hospital.key))
        .collect();
    open::recover(&key, label, &ticket, &secret, &signing_keys, &released)
        .unwrap()
        .factor
}

#[test]
fn a_ticket_of_the_contract_opens_what_was_sealed_to_its_key() {
    let (mut fixture, shares) = with_gate();
    let owner = fixture.hospitals[0];
    let sealer = gate::GateSealer::new(&mut fixture.rng);
    let mut draft = fixture.draft(&owner);
    draft.labels[0].label.u = sealer.u();
    fixture.applied(&owner, &register(&draft));
    let key = fixture.gate_key();
    let sealed = sealer.factor(&key, &draft.labels[0].label).unwrap();
    assert_eq!(key_through_the_gate(&mut fixture, &shares, &draft), sealed);
}

/// The reason that U need not be unique across owners: a thief copies every shared field of the label,
/// with subject and clinician on its side, and still gets another key.
#[test]
fn a_u_copied_into_another_owners_label_gives_another_key() {
    let (mut fixture, shares) = with_gate();
    let owner = fixture.hospitals[0];
    let thief = fixture.hospitals[3];
    let sealer = gate::GateSealer::new(&mut fixture.rng);
    let mut victim = fixture.draft(&owner);
    victim.labels[0].label.u = sealer.u();
    fixture.applied(&owner, &register(&victim));
    let sealed = sealer
        .factor(&fixture.gate_key(), &victim.labels[0].label)
        .unwrap();

    let mut copy = fixture.draft(&thief);
    copy.preamble = victim.preamble;
    copy.labels[0] = victim.labels[0].clone();
    let context = &mut copy.labels[0].label.context;
    (context.record, context.owner) = (copy.record, thief.organisation());
    fixture.applied(&thief, &register(&copy));
    assert_ne!(key_through_the_gate(&mut fixture, &shares, &copy), sealed);
    assert_eq!(key_through_the_gate(&mut fixture, &shares, &victim), sealed);
}
