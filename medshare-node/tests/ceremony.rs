//! The key ceremony with one dealer of four in the test's hands: a bad deal is found and named, an
//! honest one makes the key.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use medshare_contract::state::{CeremonyState, Complaint, HolderSet, deals_digest};
use medshare_contract::{Call, keys};
use medshare_node::secrets::GATE_SHARE;
use medshare_threshold::{HolderShare, Participant, Roster};
use medshare_types::{AccessClass, Deal, Denial, Event, GateKey, Outcome};
use support::{World, rng};

const CLASS: AccessClass = AccessClass::Normal;
/// The seat that the test plays.
const DEALER: u16 = 3;
const HONEST: [u16; 3] = [0, 1, 2];

/// The three others have dealt and wait for the fourth.
async fn awaiting_the_dealer() -> (World, Roster) {
    let world = World::with_members(&HONEST).await;
    let three = |state: &CeremonyState| state.deals.iter().flatten().count() == 3;
    for member in HONEST {
        world.wait_for(member, keys::ceremony(CLASS), three).await;
    }
    let set: HolderSet = world.state(0, keys::holders(CLASS)).await.unwrap();
    let holders: Vec<_> = set
        .holders
        .iter()
        .map(|holder| (holder.organisation, holder.key))
        .collect();
    let chain = world.genesis.chain_id();
    let roster = Roster::new(chain, CLASS, &holders, set.threshold).unwrap();
    (world, roster)
}

/// What the dealer would post if it were honest.
fn honest_deal(world: &World, roster: &Roster) -> Deal {
    let pair = world.holder_pair(DEALER);
    let dealer = Participant::new(roster, world.organisation(DEALER), &pair).unwrap();
    dealer.deal(&mut rng(99))
}

async fn post(world: &World, nonce: u8, deal: Deal) -> Outcome {
    let call = Call::PostDeal { class: CLASS, deal };
    world.order(1, world.sign(DEALER, nonce, &call)).await
}

/// Waits for the complaint and checks that it stands on every member, that it names the dealer,
/// and that no key comes of this ceremony however it is gone on with.
async fn assert_stopped(world: &World) -> Complaint {
    let stopped = |state: &CeremonyState| state.stopped.is_some();
    let mut complaints = Vec::new();
    for member in HONEST {
        let state = world.wait_for(member, keys::ceremony(CLASS), stopped).await;
        complaints.extend(state.stopped);
        assert_eq!(world.gate_key(member).await, None);
    }
    complaints.dedup();
    let [Complaint { accuser, dealer }] = complaints[..] else {
        panic!("{complaints:?}");
    };
    assert_eq!(dealer, world.organisation(DEALER));
    let state: CeremonyState = world.state(0, keys::ceremony(CLASS)).await.unwrap();
    let deals = state.all_deals().unwrap();
    let deals = deals_digest(&world.genesis.chain_id(), CLASS, &deals);
    let call = Call::AcknowledgeDeals {
        class: CLASS,
        deals,
    };
    let outcome = world.order(0, world.sign(DEALER, 50, &call)).await;
    let denial = Denial::CeremonyStopped { accuser, dealer };
    assert_eq!(outcome, Outcome::Denied(denial));
    for member in HONEST {
        assert_eq!(world.gate_key(member).await, None);
    }
    world.assert_goes_on(51).await;
    Complaint { accuser, dealer }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_corrupted_share_stops_the_ceremony_by_its_receiver() {
    let (world, roster) = awaiting_the_dealer().await;
    let mut deal = honest_deal(&world, &roster);
    deal.shares[1].ciphertext[7] ^= 1;
    // In public there is nothing wrong with it.
    let outcome = post(&world, 1, deal).await;
    let dealer = world.organisation(DEALER);
    assert_eq!(
        outcome,
        Outcome::Applied(vec![Event::DealRecorded { dealer }])
    );
    let complaint = assert_stopped(&world).await;
    assert_eq!(complaint.accuser, world.organisation(1));
    assert_eq!(world.keys[1].get(GATE_SHARE), None, "no share of no key");
    world.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_for_others_stop_the_ceremony_too() {
    let (world, roster) = awaiting_the_dealer().await;
    let mut deal = honest_deal(&world, &roster);
    // Each is well encrypted, to the wrong holder.
    deal.shares.rotate_left(1);
    post(&world, 1, deal).await;
    let complaint = assert_stopped(&world).await;
    let accusers = HONEST.map(|member| world.organisation(member));
    assert!(accusers.contains(&complaint.accuser));
    world.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_deal_makes_the_key() {
    let (world, roster) = awaiting_the_dealer().await;
    let deal = honest_deal(&world, &roster);
    // What anybody can see to be malformed is not recorded, and stops nothing.
    for (field, spoil) in [
        (
            "deal.commitments",
            (|d: &mut Deal| d.commitments.truncate(2)) as fn(&mut Deal),
        ),
        ("deal.shares", |d| d.shares.truncate(3)),
    ] {
        let mut bad = deal.clone();
        spoil(&mut bad);
        let outcome = post(&world, bad.shares.len() as u8 + 20, bad).await;
        let field = field.to_owned();
        assert_eq!(outcome, Outcome::Denied(Denial::Invalid { field }));
    }
    let outcome = post(&world, 1, deal.clone()).await;
    assert!(matches!(outcome, Outcome::Applied(_)));
    let outcome = post(&world, 2, honest_deal(&world, &roster)).await;
    assert_eq!(outcome, Outcome::Denied(Denial::AlreadyExists));

    let all_but_one = |state: &CeremonyState| state.acknowledged == [true, true, true, false];
    let state = world.wait_for(0, keys::ceremony(CLASS), all_but_one).await;
    assert_eq!(world.gate_key(0).await, None, "the last has not spoken");
    let deals = deals_digest(
        &world.genesis.chain_id(),
        CLASS,
        &state.all_deals().unwrap(),
    );
    let call = Call::AcknowledgeDeals {
        class: CLASS,
        deals,
    };
    let outcome = world.order(2, world.sign(DEALER, 3, &call)).await;
    let Outcome::Applied(events) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(events.len(), 2, "{events:?}");

    let mut established = Vec::new();
    for member in HONEST {
        let place = keys::gate_key(CLASS);
        let key: GateKey = world.wait_for(member, place, |_| true).await;
        let share = world.keys[usize::from(member)].get(GATE_SHARE).unwrap();
        let share = HolderShare::from_bytes(&share).unwrap();
        assert_eq!(*share.key(), key.id);
        assert_eq!(share.holder(), world.organisation(member));
        established.push(key);
    }
    established.dedup();
    assert_eq!(established.len(), 1);
    assert_dealer_has_its_share(&world, &roster, &established[0]).await;
    world.assert_goes_on(52).await;
    world.shut_down().await;
}

/// The deals on the chain give the dealer the share that the key names for it.
async fn assert_dealer_has_its_share(world: &World, roster: &Roster, key: &GateKey) {
    let pair = world.holder_pair(DEALER);
    let own = Participant::new(roster, world.organisation(DEALER), &pair).unwrap();
    let mut contributions = Vec::new();
    for holder in &key.holders {
        let place = keys::deal(CLASS, &holder.organisation);
        let deal: Deal = world.state(0, place).await.unwrap();
        contributions.push(own.open(holder.organisation, &deal, &mut rng(5)).unwrap());
    }
    own.combine(key, &contributions).unwrap();
}
