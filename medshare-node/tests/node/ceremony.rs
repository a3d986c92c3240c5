//! The key ceremony with one dealer of four in the test's hands: a bad deal is found and attributed,
//! an honest one makes the key.

use medshare_contract::state::{CeremonyState, Complaint, HolderSet, deals_digest};
use medshare_contract::{Call, keys};
use medshare_node::secrets::GATE_SHARE;
use medshare_testkit::fixtures::rng;
use medshare_threshold::{HolderShare, Participant, Roster};
use medshare_types::{AccessClass, Deal, Denial, Event, GateKey, Outcome};

use crate::fixture::Fixture;

const CLASS: AccessClass = AccessClass::Normal;
/// The seat that the test acts for.
const DEALER: u16 = 3;
const HONEST: [u16; 3] = [0, 1, 2];

/// The three others have dealt and wait for the fourth.
async fn awaiting_the_dealer() -> (Fixture, Roster) {
    let fixture = Fixture::start(&HONEST).await;
    let three = |state: &CeremonyState| state.deals.iter().flatten().count() == 3;
    for member in HONEST {
        fixture.wait_for(member, keys::ceremony(CLASS), three).await;
    }
    let set: HolderSet = fixture.state(0, keys::holders(CLASS)).await.unwrap();
    let holders: Vec<_> = set
        .holders
        .iter()
        .map(|holder| (holder.organisation, holder.key))
        .collect();
    let chain = fixture.chain();
    let roster = Roster::new(chain, CLASS, &holders, set.threshold).unwrap();
    (fixture, roster)
}

/// The deal of an honest dealer.
fn honest_deal(fixture: &Fixture, roster: &Roster) -> Deal {
    let pair = fixture.holder_pair(DEALER);
    let dealer = Participant::new(roster, fixture.organisation(DEALER), &pair).unwrap();
    dealer.deal(&mut rng(99))
}

async fn post(fixture: &Fixture, nonce: u8, deal: Deal) -> Outcome {
    let call = Call::PostDeal { class: CLASS, deal };
    fixture.order(1, fixture.sign(DEALER, nonce, &call)).await
}

/// Waits for the complaint and checks that it is on every node, that it names the dealer, and that
/// this ceremony makes no key whatever follows.
async fn assert_stopped(fixture: &Fixture) -> Complaint {
    let stopped = |state: &CeremonyState| state.stopped.is_some();
    let mut complaints = Vec::new();
    for member in HONEST {
        let state = fixture
            .wait_for(member, keys::ceremony(CLASS), stopped)
            .await;
        complaints.extend(state.stopped);
        assert_eq!(fixture.gate_key(member).await, None);
    }
    complaints.dedup();
    let [Complaint { accuser, dealer }] = complaints[..] else {
        panic!("{complaints:?}");
    };
    assert_eq!(dealer, fixture.organisation(DEALER));
    let state: CeremonyState = fixture.state(0, keys::ceremony(CLASS)).await.unwrap();
    let deals = state.all_deals().unwrap();
    let deals = deals_digest(&fixture.chain(), CLASS, &deals);
    let call = Call::AcknowledgeDeals {
        class: CLASS,
        deals,
    };
    let outcome = fixture.order(0, fixture.sign(DEALER, 50, &call)).await;
    let denial = Denial::CeremonyStopped { accuser, dealer };
    assert_eq!(outcome, Outcome::Denied(denial));
    for member in HONEST {
        assert_eq!(fixture.gate_key(member).await, None);
    }
    fixture.assert_goes_on(51).await;
    Complaint { accuser, dealer }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_corrupted_share_stops_the_ceremony_by_its_receiver() {
    let (fixture, roster) = awaiting_the_dealer().await;
    let mut deal = honest_deal(&fixture, &roster);
    deal.shares[1].ciphertext[7] ^= 1;
    // Its public components are valid.
    let outcome = post(&fixture, 1, deal).await;
    let dealer = fixture.organisation(DEALER);
    assert_eq!(
        outcome,
        Outcome::Applied(vec![Event::DealRecorded { dealer }])
    );
    let complaint = assert_stopped(&fixture).await;
    assert_eq!(complaint.accuser, fixture.organisation(1));
    assert_eq!(fixture.secret(1, GATE_SHARE), None, "no share of no key");
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_for_others_stop_the_ceremony_too() {
    let (fixture, roster) = awaiting_the_dealer().await;
    let mut deal = honest_deal(&fixture, &roster);
    // Each is well encrypted, to the wrong holder.
    deal.shares.rotate_left(1);
    post(&fixture, 1, deal).await;
    let complaint = assert_stopped(&fixture).await;
    let accusers = HONEST.map(|member| fixture.organisation(member));
    assert!(accusers.contains(&complaint.accuser));
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_deal_makes_the_key() {
    let (fixture, roster) = awaiting_the_dealer().await;
    let deal = honest_deal(&fixture, &roster);
    // A deal that is visibly malformed is not recorded, and stops nothing.
    for (field, spoil) in [
        (
            "deal.commitments",
            (|d: &mut Deal| d.commitments.truncate(2)) as fn(&mut Deal),
        ),
        ("deal.shares", |d| d.shares.truncate(3)),
    ] {
        let mut bad = deal.clone();
        spoil(&mut bad);
        let outcome = post(&fixture, bad.shares.len() as u8 + 20, bad).await;
        let field = field.to_owned();
        assert_eq!(outcome, Outcome::Denied(Denial::Invalid { field }));
    }
    let outcome = post(&fixture, 1, deal.clone()).await;
    assert!(matches!(outcome, Outcome::Applied(_)));
    let outcome = post(&fixture, 2, honest_deal(&fixture, &roster)).await;
    assert_eq!(outcome, Outcome::Denied(Denial::AlreadyExists));

    let all_but_one = |state: &CeremonyState| state.acknowledged == [true, true, true, false];
    let state = fixture
        .wait_for(0, keys::ceremony(CLASS), all_but_one)
        .await;
    assert_eq!(
        fixture.gate_key(0).await,
        None,
        "the last has not acknowledged"
    );
    let deals = deals_digest(&fixture.chain(), CLASS, &state.all_deals().unwrap());
    let call = Call::AcknowledgeDeals {
        class: CLASS,
        deals,
    };
    let outcome = fixture.order(2, fixture.sign(DEALER, 3, &call)).await;
    let Outcome::Applied(events) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(events.len(), 2, "{events:?}");

    let mut established = Vec::new();
    for member in HONEST {
        let gate_key = keys::gate_key(CLASS);
        let key: GateKey = fixture.wait_for(member, gate_key, |_| true).await;
        let share = fixture.secret(member, GATE_SHARE).unwrap();
        let share = HolderShare::from_bytes(&share).unwrap();
        assert_eq!(*share.key(), key.id);
        assert_eq!(share.holder(), fixture.organisation(member));
        established.push(key);
    }
    established.dedup();
    assert_eq!(established.len(), 1);
    assert_dealer_has_its_share(&fixture, &roster, &established[0]).await;
    fixture.assert_goes_on(52).await;
    fixture.shut_down().await;
}

/// The deals on the chain give the dealer the share that the key names for it.
async fn assert_dealer_has_its_share(fixture: &Fixture, roster: &Roster, key: &GateKey) {
    let pair = fixture.holder_pair(DEALER);
    let own = Participant::new(roster, fixture.organisation(DEALER), &pair).unwrap();
    let mut contributions = Vec::new();
    for holder in &key.holders {
        let state_key = keys::deal(CLASS, &holder.organisation);
        let deal: Deal = fixture.state(0, state_key).await.unwrap();
        contributions.push(own.open(holder.organisation, &deal, &mut rng(5)).unwrap());
    }
    own.combine(key, &contributions).unwrap();
}
