//! An application's own load is not taken for a fault of members: calls wait for each other, are
//! `busy` when that takes too long, and honest members are asked first afterwards.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{DOCTOR, Fixture, MEMBERS, PATIENT};
use futures::future::join_all;
use medshare_host::cores;
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::keystore::BoxFuture;
use medshare_sdk::local::Presence;
use medshare_sdk::{
    Consortium, ConsortiumClient, Deadlines, GrantId, MemberHealth, MemberState, Person,
};
use medshare_types::{Digest, ReplicaId, TransactionId, Wire as _};
use tokio::time::{Instant, sleep, timeout};

const FIRST: ReplicaId = ReplicaId(0);

/// What happens to a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Members refuse it as overload.
    Overloaded,
    /// Requests for shares are held back.
    SharesHeld,
    /// The first member does not answer.
    FirstHangs,
    /// The first member's answer is late, and this process looks at it later still.
    Starved,
    /// Every answer takes this long.
    Slow(Duration),
}

/// Notes which member is asked, and what it answers; the test chooses the way of requests.
struct Wire {
    real: Arc<dyn ConsortiumClient>,
    way: Mutex<Way>,
    asked: Mutex<Vec<(ReplicaId, RpcRequest)>>,
    answered: Mutex<Vec<(ReplicaId, RpcRequest, RpcResponse)>>,
}

impl Wire {
    fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    fn way(&self) -> Way {
        *self.way.lock().unwrap()
    }

    fn held_shares(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        let is_share = |request: &RpcRequest| matches!(request, RpcRequest::Share(_));
        asked
            .iter()
            .filter(|(_, request)| is_share(request))
            .count()
    }
}

impl ConsortiumClient for Wire {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            let decoded = RpcRequest::from_wire(&request).unwrap();
            self.asked.lock().unwrap().push((member, decoded.clone()));
            match self.way() {
                Way::Overloaded if decoded != RpcRequest::Status => {
                    let refusal = RpcResponse::refused(RefusalCode::Overloaded, "full");
                    return Ok(refusal.to_wire());
                }
                Way::SharesHeld if matches!(decoded, RpcRequest::Share(_)) => {
                    while self.way() == Way::SharesHeld {
                        sleep(Duration::from_millis(10)).await;
                    }
                }
                Way::FirstHangs if member == FIRST => std::future::pending().await,
                Way::Starved if member == FIRST => {
                    std::thread::sleep(Duration::from_millis(600));
                    std::future::pending().await
                }
                Way::Slow(delay) => sleep(delay).await,
                _ => {}
            }
            let answer = self.real.exchange(member, request).await?;
            let response = RpcResponse::from_wire(&answer).unwrap();
            let mut answered = self.answered.lock().unwrap();
            answered.push((member, decoded, response));
            Ok(answer)
        })
    }
}

/// Another application of the fixture's consortium, on a wire.
fn on_wire(fixture: &Fixture) -> (Arc<Wire>, Consortium) {
    let mut parts = fixture.consortium.parts();
    let wire = Arc::new(Wire {
        real: Arc::clone(&parts.client),
        way: Mutex::new(Way::Open),
        asked: Mutex::default(),
        answered: Mutex::default(),
    });
    parts.client = wire.clone();
    (wire, Consortium::connect(parts).unwrap())
}

async fn person(consortium: &Consortium, name: &str) -> Person {
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    st_mary.person(name).await.unwrap()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The member that is asked first when an organisation reads something.
async fn asked_first(wire: &Wire, consortium: &Consortium, name: &str) -> ReplicaId {
    wire.asked.lock().unwrap().clear();
    let organisation = consortium.organisation(name).unwrap();
    let visitor = format!("visitor {:?}", Instant::now());
    organisation.enrol(&visitor, &[]).await.unwrap();
    wire.asked.lock().unwrap()[0].0
}

/// Every member is asked first by its own organisation.
async fn assert_none_avoided(wire: &Wire, consortium: &Consortium) {
    for (seat, name) in (0..).map(ReplicaId).zip(MEMBERS) {
        assert_eq!(asked_first(wire, consortium, name).await, seat);
    }
}

fn assert_all_run(health: &[MemberHealth]) {
    for member in health {
        assert_eq!(member.problem(), None, "{member:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_openings_at_once_all_finish() {
    const OPENINGS: usize = 300;
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let (wire, consortium) = on_wire(&fixture);
    let patient = consortium.with_deadlines(Deadlines::default().with_order(secs(300)));
    let doctor = person(&patient, DOCTOR).await;
    let begun = Instant::now();
    let opens = (0..OPENINGS).map(|_| tokio::spawn(doctor.open(grant).into_future()));
    for opened in join_all(opens).await {
        assert_eq!(opened.unwrap().unwrap().bytes(), b"x");
    }
    eprintln!("{OPENINGS} openings in {:?}", begun.elapsed());
    assert_all_run(&consortium.health().await);
    assert_none_avoided(&wire, &consortium).await;
    fixture.close().await;
}

/// While as many openings as may be wait for their shares, further ones have their turn in time, or
/// are `busy` before anything is asked of the contract.
#[tokio::test(flavor = "multi_thread")]
async fn an_opening_without_its_turn_is_busy() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let (wire, consortium) = on_wire(&fixture);
    let deadlines = Deadlines::default()
        .with_answer(secs(60))
        .with_shares(secs(60));
    let slow = person(&consortium.with_deadlines(deadlines), DOCTOR).await;
    let hasty = Deadlines::default().with_order(Duration::from_millis(100));
    let hasty = person(&consortium.with_deadlines(hasty), DOCTOR).await;
    wire.set(Way::SharesHeld);
    let at_once = 8 * cores();
    let open = || tokio::spawn(slow.open(grant).into_future());
    let held: Vec<_> = (0..at_once).map(|_| open()).collect();
    while wire.held_shares() < 4 * at_once {
        sleep(Duration::from_millis(5)).await;
    }
    let submitted = |wire: &Wire| {
        let asked = wire.asked.lock().unwrap();
        let is_submit = |request: &RpcRequest| matches!(request, RpcRequest::Submit(_));
        asked
            .iter()
            .filter(|(_, request)| is_submit(request))
            .count()
    };
    let before = submitted(&wire);
    let errors = join_all((0..20).map(|_| hasty.open(grant).into_future())).await;
    for error in errors {
        let error = error.unwrap_err();
        assert_eq!(error.code(), "busy", "{error}");
        assert!(error.is_retryable());
        assert!(error.to_string().contains("100 ms"), "{error}");
    }
    assert_eq!(submitted(&wire), before, "no ticket");
    let waiting = open();
    wire.set(Way::Open);
    for opened in join_all(held.into_iter().chain([waiting])).await {
        assert_eq!(opened.unwrap().unwrap().bytes(), b"x");
    }
    assert_none_avoided(&wire, &consortium).await;
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overloaded_members_are_asked_again_and_not_avoided() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let (wire, consortium) = on_wire(&fixture);
    let doctor = person(&consortium, DOCTOR).await;
    wire.set(Way::Overloaded);
    let opening = tokio::spawn(doctor.open(grant).into_future());
    // Longer than the deadline of an answer.
    sleep(secs(3)).await;
    assert!(!opening.is_finished());
    let asked = wire.asked.lock().unwrap().len();
    assert!(asked < 4 * 20, "asked {asked} times in three seconds");
    wire.set(Way::Open);
    assert_eq!(opening.await.unwrap().unwrap().bytes(), b"x");
    assert_none_avoided(&wire, &consortium).await;

    wire.set(Way::Overloaded);
    let hasty = Deadlines::default().with_order(Duration::from_millis(300));
    let hasty = consortium.with_deadlines(hasty);
    let opened = person(&hasty, DOCTOR).await.open(grant).await;
    let revoked = person(&hasty, PATIENT).await.revoke(grant).await;
    for error in [opened.map(drop).unwrap_err(), revoked.unwrap_err()] {
        assert_eq!(error.code(), "busy", "{error}");
        assert!(error.is_retryable());
    }
    fixture.close().await;
}

/// A deadline that the caller chose, or a process that is late itself, is not the member's fault.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_hang_are_avoided_and_others_are_not() {
    let fixture = Fixture::open().await;
    let grant = GrantId::of_transaction(&TransactionId::from_digest(Digest::ZERO));
    let (wire, consortium) = on_wire(&fixture);
    wire.set(Way::Slow(Duration::from_millis(300)));
    let hasty = Deadlines::default().with_order(Duration::from_millis(200));
    let hasty = consortium.with_deadlines(hasty);
    let error = person(&hasty, PATIENT).await.revoke(grant).await;
    assert_eq!(error.unwrap_err().code(), "timed_out");
    wire.set(Way::Open);
    assert_none_avoided(&wire, &consortium).await;

    let deadlines = Deadlines::default().with_answer(Duration::from_millis(200));
    let consortium = consortium.with_deadlines(deadlines);
    for (way, first) in [(Way::Starved, FIRST), (Way::FirstHangs, ReplicaId(1))] {
        wire.set(way);
        let error = person(&consortium, PATIENT).await.open(grant).await;
        assert_eq!(error.unwrap_err().code(), "unknown_grant", "{way:?}");
        wire.set(Way::Open);
        let asked = asked_first(&wire, &consortium, MEMBERS[0]).await;
        assert_eq!(asked, first, "{way:?}");
    }
    fixture.close().await;
}

/// Nothing is ordered until two members are back, so one key's room in all pools is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_room_in_the_pools_is_full_waits() {
    const ROOM: u32 = 512;
    let fixture = Fixture::open().await;
    let first_two = |presence| {
        for member in &MEMBERS[..2] {
            fixture.consortium.set_presence(member, presence).unwrap();
        }
    };
    first_two(Presence::Silent);
    // Each application keeps to its own bound, and all of them together do not.
    let mut calls = Vec::new();
    for _ in 0..5 {
        let (_, consortium) = on_wire(&fixture);
        let deadlines = Deadlines::default().with_order(secs(300));
        let patient = person(&consortium.with_deadlines(deadlines), PATIENT).await;
        for _ in 0..120 {
            let patient = patient.clone();
            calls.push(tokio::spawn(async move {
                let grant = GrantId::of_transaction(&TransactionId::from_digest(Digest::ZERO));
                patient.revoke(grant).await
            }));
        }
    }
    let full = timeout(secs(120), async {
        loop {
            let health = fixture.consortium.health().await;
            let is_full = |member: &MemberHealth| match &member.state {
                MemberState::Running(running) => running.waiting >= ROOM,
                _ => false,
            };
            if health.iter().filter(|member| is_full(member)).count() == 2 {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
    full.await.expect("full pools");
    first_two(Presence::Present);
    for denied in join_all(calls).await {
        assert_eq!(denied.unwrap().unwrap_err().code(), "unknown_grant");
    }
    assert_all_run(&fixture.consortium.health().await);
    fixture.close().await;
}

/// A member answers before its client takes it for one that hangs.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_on_a_quiet_chain_avoids_no_member() {
    let fixture = Fixture::open().await;
    let (wire, consortium) = on_wire(&fixture);
    let mut events = consortium.watch().await.unwrap();
    let watching = tokio::spawn(async move { events.next().await });
    let is_pending = |(member, request, response): &(ReplicaId, RpcRequest, RpcResponse)| {
        let watched = matches!(request, RpcRequest::ReceiptsAt(_));
        *member == FIRST && watched && *response == RpcResponse::Pending
    };
    let pending = timeout(secs(5), async {
        while !wire.answered.lock().unwrap().iter().any(is_pending) {
            sleep(Duration::from_millis(20)).await;
        }
    });
    pending.await.expect("an answer");
    assert!(!watching.is_finished());
    assert_none_avoided(&wire, &consortium).await;
    watching.await.unwrap().unwrap();
    fixture.close().await;
}
