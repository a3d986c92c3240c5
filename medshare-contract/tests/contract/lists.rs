//! Lists of the state: whole, in order, appended only, and cheap to append to.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use medshare_contract::state::{LIST_PAGE_LEN, List, ListPage, ListState};
use medshare_contract::{Call, StateError, StateView, keys};
use medshare_types::{Digest, GrantId, Outcome, PersonId, RecordId, Wire};

use crate::calls::one_of_each;
use crate::fixture::{Actor, Fixture, register};

/// Every entry of a list, page by page, with the shape of each page checked.
pub(crate) fn entries<T>(fixture: &Fixture, list: &List<T>) -> Vec<T>
where
    ListPage<T>: Wire,
{
    let counter: Option<ListState> = fixture.read(&keys::list(list));
    let length = counter.map_or(0, |counter| counter.length);
    let mut found = Vec::new();
    for index in 0..length.div_ceil(LIST_PAGE_LEN) {
        let page: ListPage<T> = fixture.read(&keys::list_page(list, index)).unwrap();
        let expected = LIST_PAGE_LEN.min(length - index * LIST_PAGE_LEN);
        assert_eq!(page.entries.len() as u64, expected, "page {index}");
        found.extend(page.entries);
    }
    let after = keys::list_page(list, length.div_ceil(LIST_PAGE_LEN));
    assert!(!fixture.state.contains_key(&after), "no page follows");
    found
}

#[test]
fn each_call_lengthens_its_lists_and_no_other() {
    let mut fixture = Fixture::ready();
    let [owner, other] = [fixture.hospitals[0], fixture.hospitals[1]];
    let [patient, clinician, stranger] = [0, 1, 2].map(|person| fixture.people[person].person());
    let people = |hospital: &Actor| List::people_enrolled_by(&hospital.organisation());
    assert_eq!(
        entries(&fixture, &people(&owner)),
        [patient, clinician, stranger]
    );
    assert!(entries(&fixture, &people(&other)).is_empty());
    let newcomer = Actor::person_with_seed(70);
    fixture.applied(&other, &fixture.enrol(&other, &newcomer, &[]));
    assert_eq!(entries(&fixture, &people(&other)), [newcomer.person()]);

    let first = fixture.record();
    let second = fixture.draft(&other);
    fixture.applied(&other, &register(&second));
    let later = fixture.redraft(&first);
    fixture.applied(&owner, &register(&later));
    let about = entries(&fixture, &List::records_about(&patient));
    assert_eq!(
        about,
        [first.record, second.record],
        "a version is no entry"
    );
    let owned = |hospital: &Actor| List::records_owned_by(&hospital.organisation());
    assert_eq!(entries(&fixture, &owned(&owner)), [first.record]);
    assert_eq!(entries(&fixture, &owned(&other)), [second.record]);

    let mut terms = fixture.terms(&first);
    let one = fixture.grant(&terms);
    terms.grantee = stranger;
    let two = fixture.grant(&terms);
    assert_eq!(
        entries(&fixture, &List::grants_given_by(&patient)),
        [one, two]
    );
    let received = |person: &PersonId| List::grants_received_by(person);
    assert_eq!(entries(&fixture, &received(&clinician)), [one]);
    assert_eq!(entries(&fixture, &received(&stranger)), [two]);
    assert!(entries(&fixture, &received(&patient)).is_empty());

    let actor = fixture.patient();
    fixture.applied(&actor, &Call::RevokeGrant { grant: one });
    let given = entries(&fixture, &List::grants_given_by(&patient));
    assert_eq!(given, [one, two], "a revoked grant stays");
}

#[test]
fn full_pages_never_change() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let terms = fixture.terms(&record);
    let list = List::grants_given_by(&fixture.patient().person());
    let mut given = Vec::new();
    let mut pages: Vec<Vec<u8>> = Vec::new();
    for count in 1..=2 * LIST_PAGE_LEN + 2 {
        given.push(fixture.grant(&terms));
        assert_eq!(entries(&fixture, &list), given, "after {count}");
        for (index, full) in (0..).zip(&pages) {
            assert_eq!(fixture.state[&keys::list_page(&list, index)], *full);
        }
        if count % LIST_PAGE_LEN == 0 {
            let index = count / LIST_PAGE_LEN - 1;
            let page = fixture.state[&keys::list_page(&list, index)].clone();
            assert_eq!(page.len(), ListPage::<GrantId>::MAX_LEN);
            pages.push(page);
        }
    }
    assert_eq!(pages.len(), 2);
}

/// A page that is missing, or of another length than the counter says, has no outcome: a member with
/// it must not go on.
#[test]
fn a_list_that_contradicts_itself_stops_the_member() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let terms = fixture.terms(&record);
    fixture.grant(&terms);
    let patient = fixture.patient();
    let list = List::grants_given_by(&patient.person());
    let page = keys::list_page(&list, 0);
    let sent = fixture.transaction(&patient, Call::Grant(terms).to_wire());
    let decide = |state: &BTreeMap<Digest, Vec<u8>>| sent.try_apply_to(state);
    assert!(decide(&fixture.state).is_ok());
    let mut lost = fixture.state.clone();
    lost.remove(&page);
    assert_eq!(decide(&lost), Err(StateError::Missing { key: page }));
    let mut short = fixture.state.clone();
    let entries: Vec<GrantId> = vec![];
    short.insert(page, ListPage { entries }.to_wire());
    assert!(matches!(decide(&short), Err(StateError::Corrupt { key, .. }) if key == page));
}

/// Counts the reads of a call.
struct Counted<'a> {
    state: &'a BTreeMap<Digest, Vec<u8>>,
    reads: Cell<usize>,
}

impl StateView for Counted<'_> {
    type Error = Infallible;

    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, Infallible> {
        self.reads.set(self.reads.get() + 1);
        StateView::get(self.state, key)
    }
}

/// The bounds of `docs/spec/contract.md`, section 9, with lists of any length.
#[test]
fn the_reads_of_a_call_are_bounded() {
    let mut fixture = Fixture::ready();
    let record = fixture.record();
    let terms = fixture.terms(&record);
    for _ in 0..LIST_PAGE_LEN + 1 {
        fixture.grant(&terms);
    }
    // Enrolments, registrations with one store and one label, grants, revocations, requests; voting
    // keys, reports. Calls of the ceremony have bounds of their own.
    let consent = [6, 12, 9, 4, 6].map(Some);
    let bounds = consent.into_iter().chain([None; 3]).chain([6, 4].map(Some));
    let calls = one_of_each(&mut fixture);
    assert_eq!(calls.len(), bounds.clone().count());
    let bounded = calls.into_iter().zip(bounds);
    for ((actor, call), bound) in bounded.filter_map(|(call, bound)| Some((call, bound?))) {
        let sent = fixture.transaction(&actor, call.to_wire());
        let counted = Counted {
            state: &fixture.state,
            reads: Cell::new(0),
        };
        let applied = sent.apply_to(&counted);
        assert!(matches!(applied.outcome, Outcome::Applied(_)), "{call:?}");
        assert!(
            counted.reads.get() <= bound,
            "{} reads, at most {bound}: {call:?}",
            counted.reads.get()
        );
        // A nonce, an entry of two lists with counter and page, and the values themselves.
        assert!(applied.changes.len() <= 8, "{call:?}");
    }
}

#[test]
fn the_keys_of_lists_differ() {
    let id = Digest::ZERO;
    let person = PersonId::from_digest(id);
    let organisation = medshare_types::OrganisationId::from_digest(id);
    let mut all = Vec::new();
    fn keys_of<T>(list: &List<T>) -> [Digest; 3] {
        [
            keys::list(list),
            keys::list_page(list, 0),
            keys::list_page(list, 1),
        ]
    }
    all.extend(keys_of(&List::<GrantId>::grants_given_by(&person)));
    all.extend(keys_of(&List::<GrantId>::grants_received_by(&person)));
    all.extend(keys_of(&List::<RecordId>::records_about(&person)));
    all.extend(keys_of(&List::<RecordId>::records_owned_by(&organisation)));
    all.extend(keys_of(&List::<PersonId>::people_enrolled_by(
        &organisation,
    )));
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}
