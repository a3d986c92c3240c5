//! Lists and look-ups: whole, in order, proven, and of use after a call that timed out.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use medshare_contract::state::{ListPage, ListState};
use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::keystore::BoxFuture;
use medshare_sdk::{
    Consortium, ConsortiumClient, Deadlines, Denial, Digest, Error, Event, GrantId, GrantStatus,
    Listing, Purpose, RecordId, RecordRef, RecordVersion, Window,
};
use medshare_types::{PersonId, ReplicaId, Wire as _};

use crate::interposer::{Fate, Interposer};
use crate::support::{DOCTOR, Fixture, MEMBERS, PATIENT, now};

async fn all<T: Send + 'static>(listing: medshare_sdk::Result<Listing<T>>) -> Vec<T> {
    let mut listing = listing.unwrap();
    let mut found = Vec::new();
    while let Some(entry) = listing.next().await.unwrap() {
        found.push(entry);
    }
    assert_eq!(found.len() as u64, listing.len());
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn people_records_and_grants_are_listed() {
    let fixture = Fixture::open().await;
    let consortium = &fixture.consortium;
    let charite = consortium.organisation(MEMBERS[1]).unwrap();
    let kim = charite.enrol("Dr Kim", &["role:medic"]).await.unwrap();
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let seal = charite.seal(b"y", &fixture.policy);
    let theirs = seal.subject(&fixture.patient).await.unwrap();
    let window = Window::days(1).starting_in(Duration::from_secs(3_600));
    let later = fixture.patient.grant(theirs, &kim, window);
    let later = later.purpose(Purpose::Research).uses(3).await.unwrap();

    let people = all(fixture.st_mary.people().await).await;
    let names: Vec<_> = people.iter().map(|p| p.local_name.as_deref()).collect();
    assert_eq!(names, [Some(PATIENT), Some(DOCTOR)]);
    assert_eq!(people[1].attributes, ["role:medic"]);
    assert_eq!(people[1].organisation, *fixture.st_mary.id());
    let found = fixture.st_mary.person_with_id(&people[1].id).await.unwrap();
    assert_eq!((found.id(), found.name()), (fixture.doctor.id(), DOCTOR));
    let theirs_only = all(consortium.people_of(*charite.id()).await).await;
    assert_eq!(theirs_only.len(), 1);
    assert_eq!(theirs_only[0].id, *kim.id());

    let about: Vec<_> = all(fixture.patient.records().await).await;
    let records: Vec<_> = about.iter().map(|info| info.record).collect();
    assert_eq!(records, [record, theirs.record()]);
    assert_eq!(about[1].owner, *charite.id());
    assert_eq!(about[0].subject, *fixture.patient.id());
    assert!(about[0].stores.contains(fixture.st_mary.id()));
    let owned = all(charite.records().await).await;
    assert_eq!(owned, about[1..]);

    let given = all(fixture.patient.grants_given().await).await;
    assert_eq!(
        given.iter().map(|g| g.id).collect::<Vec<_>>(),
        [grant, later]
    );
    assert_eq!(given[0].status, GrantStatus::Active);
    assert_eq!((given[0].uses_left, given[0].tickets), (None, 0));
    assert_eq!(
        (given[0].record, given[0].grantee),
        (record, *fixture.doctor.id())
    );
    assert_eq!(given[1].status, GrantStatus::NotYet);
    assert_eq!(given[1].uses_left, Some(3));
    assert_eq!(given[1].grantor, *fixture.patient.id());
    let purposes: Vec<_> = given[1].purposes.iter().collect();
    assert_eq!(purposes, [Purpose::Research]);
    assert_eq!(all(kim.grants_received().await).await, given[1..]);
    assert!(fixture.doctor.grants_given().await.unwrap().is_empty());

    fixture.doctor.open(grant).await.unwrap();
    let info = consortium.grant(grant).await.unwrap();
    assert_eq!((info.status, info.tickets), (GrantStatus::Active, 1));
    fixture.patient.revoke(grant).await.unwrap();
    let info = consortium.grant(grant).await.unwrap();
    assert!(matches!(info.status, GrantStatus::Revoked { .. }));
    assert_eq!(all(fixture.patient.grants_given().await).await[0], info);
    fixture.close().await;
}

/// A grant is used up with its last ticket, and over with its window.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_tells_its_end() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let grant = fixture
        .patient
        .grant(record, &fixture.doctor, Window::days(1));
    let once = grant.uses(1).await.unwrap();
    fixture.doctor.open(once).await.unwrap();
    let info = fixture.consortium.grant(once).await.unwrap();
    assert_eq!(
        (info.status, info.uses_left),
        (GrantStatus::UsedUp, Some(0))
    );

    let brief = Window::lasting(Duration::from_millis(300));
    let grant = fixture.patient.grant(record, &fixture.doctor, brief);
    let brief = grant.await.unwrap();
    let ends = fixture
        .consortium
        .grant(brief)
        .await
        .unwrap()
        .window
        .not_after();
    while now() < ends {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let info = fixture.consortium.grant(brief).await.unwrap();
    assert_eq!(info.status, GrantStatus::Expired);
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_lacks_is_unknown() {
    let fixture = Fixture::open().await;
    let id = Digest::from_bytes([7; 32]);
    let consortium = &fixture.consortium;
    let error = consortium.grant(GrantId::from_digest(id)).await;
    assert_eq!(error.unwrap_err().code(), "unknown_grant");
    let record = RecordRef {
        id: RecordId::from_digest(id),
        version: RecordVersion(1),
    };
    let error = consortium.record(record).await.unwrap_err();
    assert_eq!(error.code(), "unknown_record");
    let unknown = PersonId::from_digest(id);
    let error = consortium.person(unknown).await.unwrap_err();
    assert_eq!(error.code(), "unknown_person");
    assert!(error.to_string().contains(&unknown.to_string()), "{error}");
    let error = fixture.st_mary.person_with_id(&unknown).await.unwrap_err();
    assert_eq!(error.code(), "unknown_person");
    assert!(
        all(consortium.records_about(unknown).await)
            .await
            .is_empty()
    );

    let mut organisations = consortium.organisations();
    let first = organisations.next().unwrap();
    assert_eq!(
        (first.name.as_str(), first.id),
        (MEMBERS[0], *fixture.st_mary.id())
    );
    assert_eq!(organisations.count(), 3);
    let named = consortium.organisation_with_id(&first.id).unwrap();
    assert_eq!(named, first);
    let unknown = medshare_sdk::OrganisationId::from_digest(id);
    let error = consortium.organisation_with_id(&unknown).unwrap_err();
    assert_eq!(error.code(), "unknown_organisation");
    fixture.close().await;
}

/// Over the end of a page, in both orders, by entries and by pages, while the list grows.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_whole_while_it_grows() {
    const FIRST: usize = 70;
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let many = async |count: usize| {
        let grants = (0..count).map(|_| fixture.grant(record));
        let mut given = join_all(grants).await;
        given.sort_unstable();
        given
    };
    let first = many(FIRST).await;
    let mut oldest = fixture.patient.grants_given().await.unwrap();
    let newest = fixture.patient.grants_given().await.unwrap().newest_first();
    let mut paged = fixture.patient.grants_given().await.unwrap();
    let begin = oldest.next().await.unwrap().unwrap();

    let second = many(10).await;
    assert_eq!(oldest.len(), FIRST as u64, "a list is as it was asked for");
    let mut forwards = vec![begin.id];
    while let Some(grant) = oldest.next().await.unwrap() {
        forwards.push(grant.id);
    }
    let mut sorted = forwards.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, first, "each once");
    let mut backwards: Vec<_> = all(Ok(newest)).await.iter().map(|g| g.id).collect();
    backwards.reverse();
    assert_eq!(backwards, forwards);
    let pages = [
        paged.next_page().await.unwrap(),
        paged.next_page().await.unwrap(),
        paged.next_page().await.unwrap(),
    ];
    assert_eq!(pages.each_ref().map(Vec::len), [64, FIRST - 64, 0]);
    let by_page: Vec<_> = pages.iter().flatten().map(|grant| grant.id).collect();
    assert_eq!(by_page, forwards);

    // A caller goes on where it stopped.
    let rest = fixture.patient.grants_given().await.unwrap();
    let mut rest = rest.skip(FIRST as u64);
    let mut found: Vec<_> = rest.next_page().await.unwrap();
    found.sort_unstable_by_key(|grant| grant.id);
    assert_eq!(found.iter().map(|g| g.id).collect::<Vec<_>>(), second);
    assert!(rest.next().await.unwrap().is_none());
    fixture.close().await;
}

type Lie = dyn Fn(&RpcRequest, RpcResponse) -> RpcResponse + Send + Sync;

/// The answers of some members, altered on their way.
struct Between {
    real: Arc<dyn ConsortiumClient>,
    altered: Vec<u16>,
    lie: Box<Lie>,
}

impl ConsortiumClient for Between {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            let answer = self.real.exchange(member, request.clone()).await?;
            if !self.altered.contains(&member.0) {
                return Ok(answer);
            }
            let request = RpcRequest::from_wire(&request).unwrap();
            let answer = RpcResponse::from_wire(&answer).unwrap();
            Ok((self.lie)(&request, answer).to_wire())
        })
    }
}

/// The consortium, with the answers of the seats in `altered` as `lie` makes them.
pub fn through(
    consortium: &Consortium,
    altered: Vec<u16>,
    lie: impl Fn(&RpcRequest, RpcResponse) -> RpcResponse + Send + Sync + 'static,
) -> Consortium {
    let mut parts = consortium.parts();
    parts.client = Arc::new(Between {
        real: parts.client,
        altered,
        lie: Box::new(lie),
    });
    Consortium::connect(parts).unwrap()
}

/// Leaves the last entry out of counters or pages, or claims that there are none.
fn withholding(lie: usize) -> impl Fn(&RpcRequest, RpcResponse) -> RpcResponse + Send + Sync {
    move |_, answer| {
        let RpcResponse::State(mut proof) = answer else {
            return answer;
        };
        if let Some(value) = &proof.value {
            let counter = ListState::from_wire(value);
            let page = ListPage::<GrantId>::from_wire(value);
            match (lie, counter, page) {
                (0, Ok(ListState { length }), _) => {
                    let length = length - 1;
                    proof.value = Some(ListState { length }.to_wire());
                }
                (1, Ok(_), _) | (3, _, Ok(_)) => proof.value = None,
                (2, _, Ok(mut page)) => {
                    page.entries.pop();
                    proof.value = Some(page.to_wire());
                }
                _ => {}
            }
        }
        RpcResponse::State(proof)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_withholds_entries_is_found_out() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let given = [fixture.grant(record).await, fixture.grant(record).await];
    let patient = *fixture.patient.id();
    for lie in 0..4 {
        let client = through(&fixture.consortium, vec![0], withholding(lie));
        let found = all(client.grants_given_by(patient).await).await;
        let found: Vec<_> = found.iter().map(|grant| grant.id).collect();
        assert_eq!(found, given, "lie {lie}");

        let client = through(&fixture.consortium, vec![0, 1, 2, 3], withholding(lie));
        let client = client.with_deadlines(brief());
        let mut failure = None;
        match client.grants_given_by(patient).await {
            Err(error) => failure = Some(error),
            Ok(mut listing) => {
                while failure.is_none() {
                    match listing.next().await {
                        Err(error) => failure = Some(error),
                        Ok(entry) => assert!(entry.is_some(), "no list ends early"),
                    }
                }
            }
        }
        let failure = failure.unwrap();
        assert_eq!(failure.code(), "invalid_proof", "lie {lie}: {failure}");
    }
    fixture.close().await;
}

/// The home member shows the state as it was before the newest grant, which is proven as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_with_an_old_state_hides_nothing() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let first = fixture.grant(record).await;
    let kept = std::sync::Mutex::new(std::collections::BTreeMap::new());
    let client = through(&fixture.consortium, vec![0], move |request, answer| {
        match request {
            // Answers of one kind stay those of the first time.
            RpcRequest::State(_) | RpcRequest::Tip => {
                let mut kept = kept.lock().unwrap();
                let first = kept.entry(request.to_wire()).or_insert(answer);
                first.clone()
            }
            _ => answer,
        }
    });
    let patient = *fixture.patient.id();
    let before = all(client.grants_given_by(patient).await).await;
    assert_eq!(before.len(), 1);
    assert_eq!(client.grant(first).await.unwrap(), before[0]);
    let second = fixture.grant(record).await;
    let after = all(client.grants_given_by(patient).await).await;
    let after: Vec<_> = after.iter().map(|grant| grant.id).collect();
    assert_eq!(after, [first, second]);
    fixture.patient.revoke(first).await.unwrap();
    let status = client.grant(first).await.unwrap().status;
    assert!(matches!(status, GrantStatus::Revoked { .. }), "{status:?}");
    fixture.close().await;
}

fn brief() -> Deadlines {
    Deadlines::default()
        .with_order(Duration::from_millis(500))
        .with_answer(Duration::from_millis(500))
}

/// Every member takes the grant and hangs up: it is ordered, so its identifier is in the error. A
/// grant that no member got leaves nothing to look for.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_whose_takers_hung_up_is_named() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let interposer = Interposer::before(&fixture.consortium);
    let patient = interposer.person_with(PATIENT, brief()).await;
    let refused = async |taken| {
        interposer.set(move |_, request| match request {
            RpcRequest::Submit(_) if taken => Fate::Lose,
            RpcRequest::Submit(_) | RpcRequest::ReceiptOf(_) => Fate::Cut,
            _ => Fate::Pass,
        });
        let grant = patient.grant(record, &fixture.doctor, Window::days(1));
        grant.await.unwrap_err()
    };
    assert_eq!(refused(false).await.code(), "unreachable");
    let error = refused(true).await;
    let Error::TimedOut {
        grant: Some(grant), ..
    } = error
    else {
        panic!("{error}");
    };
    let ordered = async {
        while interposer.grants(grant).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), ordered);
    in_time.await.expect("it was ordered");
    fixture.patient.revoke(grant).await.unwrap();
    fixture.close().await;
}

/// The members order a grant and give no receipt: its identifier is in the error, and it is found
/// and revoked.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_timed_out_is_found_and_revoked() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let withheld = |request: &RpcRequest, answer| match request {
        RpcRequest::ReceiptOf(_) => RpcResponse::Pending,
        _ => answer,
    };
    let client = through(&fixture.consortium, vec![0, 1, 2, 3], withheld);
    let client = client.with_deadlines(brief());
    let st_mary = client.organisation(MEMBERS[0]).unwrap();
    let patient = st_mary.person(PATIENT).await.unwrap();
    let grant = patient.grant(record, &fixture.doctor, Window::days(1));
    let error = grant.await.unwrap_err();
    assert_eq!(error.code(), "timed_out");
    assert!(error.is_retryable());
    let Error::TimedOut {
        grant: Some(grant),
        transaction: Some(transaction),
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(grant, GrantId::of_transaction(&transaction));
    assert!(error.to_string().contains(&grant.to_string()), "{error}");

    // It was ordered meanwhile, or is now.
    let found = async || {
        loop {
            let given = all(fixture.patient.grants_given().await).await;
            if let [given] = &given[..] {
                return given.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), found());
    let found = found.await.expect("in the list");
    assert_eq!((found.id, found.status), (grant, GrantStatus::Active));
    fixture.doctor.open(grant).await.unwrap();
    fixture.patient.revoke(grant).await.unwrap();
    let error = fixture.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "revoked");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_attempts_are_events() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let stranger = fixture.st_mary.enrol("Dr Nosy", &["role:medic"]).await;
    let stranger = stranger.unwrap();
    let mut events = fixture.consortium.watch().await.unwrap();
    let error = stranger.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "not_grantee");
    let open = fixture.doctor.open(grant).purpose(Purpose::Payment);
    assert_eq!(open.await.unwrap_err().code(), "purpose_mismatch");

    let mut attempt = async || loop {
        let next = tokio::time::timeout(Duration::from_secs(20), events.next());
        if let (_, Event::AccessDenied(attempt)) = next.await.expect("in time").unwrap() {
            return *attempt;
        }
    };
    let requested = Purpose::Payment;
    for (requester, purpose, denial) in [
        (&stranger, Purpose::Treatment, Denial::NotGrantee),
        (
            &fixture.doctor,
            requested,
            Denial::PurposeMismatch {
                requested,
                granted: Purpose::Treatment.into(),
            },
        ),
    ] {
        let seen = attempt().await;
        assert_eq!(seen.grantor, Some(*fixture.patient.id()));
        assert_eq!(seen.requester, (*requester.id()).into());
        assert_eq!((seen.grant, seen.purpose), (grant, purpose));
        assert_eq!(seen.denial, denial);
    }
    fixture.close().await;
}
