//! The ceremony: every holder deals once and acknowledges every deal, or there is no key.

use medshare_contract::state::{CeremonyState, Complaint};
use medshare_contract::{Call, deals_digest, keys};
use medshare_curve::encoding::decode_g2;
use medshare_types::{ChainId, Deal, Denial, Digest, Event, GateKey, GateKeyId, OrganisationId};

use crate::fixture::{Actor, CLASS, Fixture, acknowledge, invalid};
use crate::points::{g1_identity, g1_off_subgroup, g2_identity, g2_off_subgroup};

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
    let mut fixture = Fixture::founded();
    let digest = fixture.deal_all();
    for index in [2, 0, 3] {
        let hospital = fixture.hospitals[index];
        let holder = hospital.organisation();
        assert_eq!(
            fixture.applied(&hospital, &acknowledge(digest)),
            [Event::DealsAcknowledged { holder }]
        );
        assert_eq!(fixture.read::<GateKey>(&keys::gate_key(CLASS)), None);
    }
    let last = fixture.hospitals[1];
    let events = fixture.applied(&last, &acknowledge(digest));
    let key = fixture.gate_key();
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
    let hospitals: Vec<_> = fixture.hospitals.iter().map(Actor::organisation).collect();
    assert_eq!(holders, hospitals);
    // Y = Σ C_i0, from the deals in the state.
    let constants = hospitals.iter().map(|dealer| {
        let deal: Deal = fixture.read(&keys::deal(CLASS, dealer)).unwrap();
        decode_g2(&deal.commitments[0]).unwrap()
    });
    let sum: medshare_curve::G2Projective = constants.sum();
    assert_eq!(
        decode_g2(&key.public).unwrap(),
        medshare_curve::G2Affine::from(sum)
    );
}

#[test]
fn each_holder_deals_once_and_acknowledges_once() {
    let mut fixture = Fixture::founded();
    let first = fixture.hospitals[0];
    let second = fixture.hospitals[1];
    let deal = fixture.deal();
    let dealer = first.organisation();
    assert_eq!(
        fixture.applied(&first, &post(deal.clone())),
        [Event::DealRecorded { dealer }]
    );
    let other = fixture.deal();
    for again in [deal.clone(), other] {
        assert_eq!(fixture.denied(&first, &post(again)), Denial::AlreadyExists);
    }
    let awaiting = second.organisation();
    let early = acknowledge(deals_digest(&fixture.block.chain, CLASS, &[deal.digest()]));
    assert_eq!(
        fixture.denied(&first, &early),
        Denial::CeremonyIncomplete { awaiting }
    );

    let mut fixture = Fixture::founded();
    let digest = fixture.deal_all();
    assert_eq!(
        fixture.denied(&first, &acknowledge(Digest::ZERO)),
        invalid("deals")
    );
    fixture.applied(&first, &acknowledge(digest));
    assert_eq!(
        fixture.denied(&first, &acknowledge(digest)),
        Denial::AlreadyExists
    );
    let progress: CeremonyState = fixture.read(&keys::ceremony(CLASS)).unwrap();
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
    let mut fixture = Fixture::founded();
    let dealer = fixture.hospitals[0];
    let good = fixture.deal();
    for (field, change) in cases {
        let mut deal = good.clone();
        change(&mut deal);
        assert_eq!(fixture.denied(&dealer, &post(deal)), invalid(field));
    }
    fixture.applied(&dealer, &post(good));
}

#[test]
fn one_complaint_ends_the_ceremony_with_both_names() {
    let mut fixture = Fixture::founded();
    let dealer = fixture.hospitals[0];
    let accuser = fixture.hospitals[2];
    let awaiting = dealer.organisation();
    assert_eq!(
        fixture.denied(&accuser, &complain(awaiting)),
        Denial::CeremonyIncomplete { awaiting }
    );
    let unknown = Actor::organisation_with_seed(99).organisation();
    assert_eq!(
        fixture.denied(&accuser, &complain(unknown)),
        invalid("dealer")
    );

    let digest = fixture.deal_all();
    let complaint = Complaint {
        accuser: accuser.organisation(),
        dealer: dealer.organisation(),
    };
    let Complaint {
        accuser: by,
        dealer: about,
    } = complaint;
    assert_eq!(
        fixture.applied(&accuser, &complain(about)),
        [Event::CeremonyStopped {
            accuser: by,
            dealer: about
        }]
    );
    let progress: CeremonyState = fixture.read(&keys::ceremony(CLASS)).unwrap();
    assert_eq!(progress.stopped, Some(complaint));

    let stopped = Denial::CeremonyStopped {
        accuser: by,
        dealer: about,
    };
    let deal = fixture.deal();
    for call in [acknowledge(digest), complain(by), post(deal)] {
        assert_eq!(fixture.denied(&dealer, &call), stopped);
    }
    assert_eq!(fixture.read::<GateKey>(&keys::gate_key(CLASS)), None);
}

#[test]
fn an_established_key_stays() {
    let mut fixture = Fixture::ready();
    let hospital = fixture.hospitals[0];
    let before = fixture.gate_key();
    let over = Denial::CeremonyOver { key: before.id };
    let deal = fixture.deal();
    let dealer = fixture.hospitals[1].organisation();
    for call in [post(deal), acknowledge(Digest::ZERO), complain(dealer)] {
        assert_eq!(fixture.denied(&hospital, &call), over);
    }
    assert_eq!(fixture.gate_key(), before);
}

#[test]
fn deals_that_cancel_each_other_make_no_key() {
    let mut fixture = Fixture::founded();
    let negated = |deal: &Deal| {
        let mut deal = deal.clone();
        for commitment in &mut deal.commitments {
            let point = decode_g2(commitment).unwrap();
            *commitment = medshare_curve::encoding::encode_g2(&-point);
        }
        deal
    };
    let a = fixture.deal();
    let b = fixture.deal();
    let deals = [a.clone(), b.clone(), negated(&a), negated(&b)];
    for (hospital, deal) in fixture.hospitals.clone().iter().zip(&deals) {
        fixture.applied(hospital, &post(deal.clone()));
    }
    let digests: Vec<_> = deals.iter().map(Deal::digest).collect();
    let call = acknowledge(deals_digest(&fixture.block.chain, CLASS, &digests));
    let hospitals = fixture.hospitals.clone();
    for hospital in &hospitals[..3] {
        fixture.applied(hospital, &call);
    }
    assert_eq!(fixture.denied(&hospitals[3], &call), invalid("deals"));
    // A complaint ends the ceremony, as for any bad deal.
    let dealer = hospitals[2].organisation();
    fixture.applied(&hospitals[3], &complain(dealer));
}

#[test]
fn only_holders_take_part() {
    let mut fixture = Fixture::founded();
    let hospital = fixture.hospitals[0];
    let patient = fixture.patient();
    fixture.applied(&hospital, &fixture.enrol(&hospital, &patient, &[]));
    let deal = fixture.deal();
    let dealer = hospital.organisation();
    for call in [post(deal), acknowledge(Digest::ZERO), complain(dealer)] {
        assert_eq!(fixture.denied(&patient, &call), Denial::NotAuthorised);
    }
}

#[test]
fn an_acknowledgement_names_every_deal_of_its_ceremony() {
    let chain = Fixture::founded().block.chain;
    let digest = |n: u8| medshare_types::hash::digest("test", &[&[n]]);
    let deals = [digest(0), digest(1), digest(2), digest(3)];
    let named = deals_digest(&chain, CLASS, &deals);
    for index in 0..4 {
        let mut others = deals;
        others[index] = digest(9);
        assert_ne!(deals_digest(&chain, CLASS, &others), named);
    }
    let mut swapped = deals;
    swapped.swap(0, 1);
    assert_ne!(deals_digest(&chain, CLASS, &swapped), named);
    assert_ne!(deals_digest(&chain, CLASS, &deals[..3]), named);
    let elsewhere = ChainId::from_digest(Digest::ZERO);
    assert_ne!(deals_digest(&elsewhere, CLASS, &deals), named);
}
