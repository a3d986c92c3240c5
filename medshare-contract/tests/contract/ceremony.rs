//! The ceremony: everybody deals once and answers for every deal, or there is no key.

use medshare_contract::state::{CeremonyState, Complaint};
use medshare_contract::{Call, deals_digest, keys};
use medshare_curve::encoding::decode_g2;
use medshare_types::{ChainId, Deal, Denial, Digest, Event, GateKey, GateKeyId, OrganisationId};

use crate::world::{
    Actor, CLASS, World, acknowledge, g1_identity, g1_off_subgroup, g2_identity, g2_off_subgroup,
    invalid,
};

fn post(deal: Deal) -> Call {
    Call::PostDeal { class: CLASS, deal }
}

fn complain(dealer: OrganisationId) -> Call {
    Call::ComplainOfDeal {
        class: CLASS,
        dealer,
    }
}

#[test]
fn the_last_acknowledgement_establishes_the_key() {
    let mut world = World::founded();
    let digest = world.deal_all();
    for place in [2, 0, 3] {
        let hospital = world.hospitals[place];
        let holder = hospital.organisation();
        assert_eq!(
            world.applied(&hospital, &acknowledge(digest)),
            [Event::DealsAcknowledged { holder }]
        );
        assert_eq!(world.read::<GateKey>(&keys::gate_key(CLASS)), None);
    }
    let last = world.hospitals[1];
    let events = world.applied(&last, &acknowledge(digest));
    let key = world.gate_key();
    let holder = last.organisation();
    assert_eq!(
        events,
        [
            Event::DealsAcknowledged { holder },
            Event::GateKeyEstablished { key: key.id }
        ]
    );

    assert_eq!((key.threshold, key.generation, key.class), (3, 0, CLASS));
    assert_eq!(key.id, GateKeyId::derive(&key.public, &key.lineage));
    let holders: Vec<_> = key.holders.iter().map(|h| h.organisation).collect();
    let hospitals: Vec<_> = world.hospitals.iter().map(Actor::organisation).collect();
    assert_eq!(holders, hospitals);
    // Y = Σ C_i0, from the deals as they stand in the state.
    let constants = hospitals.iter().map(|dealer| {
        let deal: Deal = world.read(&keys::deal(CLASS, dealer)).unwrap();
        decode_g2(&deal.commitments[0]).unwrap()
    });
    let sum: medshare_curve::G2Projective = constants.sum();
    assert_eq!(
        decode_g2(&key.public).unwrap(),
        medshare_curve::G2Affine::from(sum)
    );
}

#[test]
fn each_holder_deals_once_and_answers_once() {
    let mut world = World::founded();
    let (first, second) = (world.hospitals[0], world.hospitals[1]);
    let deal = world.deal();
    let dealer = first.organisation();
    assert_eq!(
        world.applied(&first, &post(deal.clone())),
        [Event::DealRecorded { dealer }]
    );
    let other = world.deal();
    for again in [deal.clone(), other] {
        assert_eq!(world.denied(&first, &post(again)), Denial::AlreadyExists);
    }
    let awaiting = second.organisation();
    let early = acknowledge(deals_digest(&world.block.chain, CLASS, &[deal.digest()]));
    assert_eq!(
        world.denied(&first, &early),
        Denial::CeremonyIncomplete { awaiting }
    );

    let mut world = World::founded();
    let digest = world.deal_all();
    assert_eq!(
        world.denied(&first, &acknowledge(Digest::ZERO)),
        invalid("deals")
    );
    world.applied(&first, &acknowledge(digest));
    assert_eq!(
        world.denied(&first, &acknowledge(digest)),
        Denial::AlreadyExists
    );
    let progress: CeremonyState = world.read(&keys::ceremony(CLASS)).unwrap();
    assert_eq!(progress.acknowledged, [true, false, false, false]);
}

#[test]
fn a_deal_of_the_wrong_shape_is_refused() {
    type Change = fn(&mut Deal);
    let cases: [(&str, Change); 10] = [
        ("deal.commitments", |d| d.commitments.truncate(2)),
        ("deal.commitments", |d| d.commitments.push(d.commitments[0])),
        ("deal.commitments", |d| d.commitments.clear()),
        ("deal.commitments", |d| d.commitments[0] = g2_identity()),
        ("deal.commitments", |d| d.commitments[2] = g2_off_subgroup()),
        ("deal.commitments", |d| d.commitments[1].0 = [0xff; 96]),
        ("deal.shares", |d| d.shares.truncate(3)),
        ("deal.shares", |d| d.shares.push(d.shares[0].clone())),
        ("deal.shares", |d| d.shares[3].ephemeral = g1_identity()),
        ("deal.shares", |d| d.shares[1].ephemeral = g1_off_subgroup()),
    ];
    let mut world = World::founded();
    let dealer = world.hospitals[0];
    let good = world.deal();
    for (field, change) in cases {
        let mut deal = good.clone();
        change(&mut deal);
        assert_eq!(world.denied(&dealer, &post(deal)), invalid(field));
    }
    world.applied(&dealer, &post(good));
}

#[test]
fn one_complaint_ends_it_with_both_names() {
    let mut world = World::founded();
    let (dealer, accuser) = (world.hospitals[0], world.hospitals[2]);
    let awaiting = dealer.organisation();
    assert_eq!(
        world.denied(&accuser, &complain(awaiting)),
        Denial::CeremonyIncomplete { awaiting }
    );
    let unknown = Actor::organisation_with_seed(99).organisation();
    assert_eq!(
        world.denied(&accuser, &complain(unknown)),
        invalid("dealer")
    );

    let digest = world.deal_all();
    let complaint = Complaint {
        accuser: accuser.organisation(),
        dealer: dealer.organisation(),
    };
    let Complaint {
        accuser: by,
        dealer: about,
    } = complaint;
    assert_eq!(
        world.applied(&accuser, &complain(about)),
        [Event::CeremonyStopped {
            accuser: by,
            dealer: about
        }]
    );
    let progress: CeremonyState = world.read(&keys::ceremony(CLASS)).unwrap();
    assert_eq!(progress.stopped, Some(complaint));

    let stopped = Denial::CeremonyStopped {
        accuser: by,
        dealer: about,
    };
    let deal = world.deal();
    for call in [acknowledge(digest), complain(by), post(deal)] {
        assert_eq!(world.denied(&dealer, &call), stopped);
    }
    assert_eq!(world.read::<GateKey>(&keys::gate_key(CLASS)), None);
}

#[test]
fn an_established_key_stays() {
    let mut world = World::ready();
    let hospital = world.hospitals[0];
    let before = world.gate_key();
    let over = Denial::CeremonyOver { key: before.id };
    let deal = world.deal();
    let dealer = world.hospitals[1].organisation();
    for call in [post(deal), acknowledge(Digest::ZERO), complain(dealer)] {
        assert_eq!(world.denied(&hospital, &call), over);
    }
    assert_eq!(world.gate_key(), before);
}

#[test]
fn deals_that_cancel_each_other_make_no_key() {
    let mut world = World::founded();
    let negated = |deal: &Deal| {
        let mut deal = deal.clone();
        for commitment in &mut deal.commitments {
            let point = decode_g2(commitment).unwrap();
            *commitment = medshare_curve::encoding::encode_g2(&-point);
        }
        deal
    };
    let (a, b) = (world.deal(), world.deal());
    let deals = [a.clone(), b.clone(), negated(&a), negated(&b)];
    for (hospital, deal) in world.hospitals.clone().iter().zip(&deals) {
        world.applied(hospital, &post(deal.clone()));
    }
    let digests: Vec<_> = deals.iter().map(Deal::digest).collect();
    let call = acknowledge(deals_digest(&world.block.chain, CLASS, &digests));
    let hospitals = world.hospitals.clone();
    for hospital in &hospitals[..3] {
        world.applied(hospital, &call);
    }
    assert_eq!(world.denied(&hospitals[3], &call), invalid("deals"));
    // The way out is the one for any bad deal.
    let dealer = hospitals[2].organisation();
    world.applied(&hospitals[3], &complain(dealer));
}

#[test]
fn only_holders_take_part() {
    let mut world = World::founded();
    let hospital = world.hospitals[0];
    let patient = world.patient();
    world.applied(&hospital, &world.enrol(&hospital, &patient, &[]));
    let deal = world.deal();
    let dealer = hospital.organisation();
    for call in [post(deal), acknowledge(Digest::ZERO), complain(dealer)] {
        assert_eq!(world.denied(&patient, &call), Denial::NotAuthorised);
    }
}

#[test]
fn an_acknowledgement_names_every_deal_of_its_ceremony() {
    let chain = World::founded().block.chain;
    let digest = |n: u8| medshare_types::hash::digest("test", &[&[n]]);
    let deals = [digest(0), digest(1), digest(2), digest(3)];
    let named = deals_digest(&chain, CLASS, &deals);
    for place in 0..4 {
        let mut others = deals;
        others[place] = digest(9);
        assert_ne!(deals_digest(&chain, CLASS, &others), named);
    }
    let mut swapped = deals;
    swapped.swap(0, 1);
    assert_ne!(deals_digest(&chain, CLASS, &swapped), named);
    assert_ne!(deals_digest(&chain, CLASS, &deals[..3]), named);
    let elsewhere = ChainId::from_digest(Digest::ZERO);
    assert_ne!(deals_digest(&elsewhere, CLASS, &deals), named);
}
