//! Enrolment of one name twice at once, up to every limit, and after a refusal.

use std::sync::Arc;

use crate::key_stores::OddKeyStore;
use crate::support::{Fixture, MEMBERS};
use medshare_sdk::issuer::{AttributeIssuer, KeyRequest, SealedKey};
use medshare_sdk::keystore::BoxFuture;
use medshare_sdk::{Consortium, Error, Organisation, Person, Result, Window};

const COMPOSED: &str = "Jos\u{e9} Garc\u{ed}a";
const DECOMPOSED: &str = "Jose\u{301} Garci\u{301}a";

fn entry(name: &str, kind: &str) -> String {
    let home = MEMBERS[0];
    format!("person/{}:{home}/{}:{name}/{kind}", home.len(), name.len())
}

/// The first member with other parts.
fn st_mary_with(
    fixture: &Fixture,
    change: impl FnOnce(&mut medshare_sdk::ConsortiumParts),
) -> Organisation {
    let mut parts = fixture.consortium.parts();
    change(&mut parts);
    let consortium = Consortium::connect(parts).unwrap();
    consortium.organisation(MEMBERS[0]).unwrap()
}

async fn unknown(organisation: &Organisation, name: &str) {
    let error = organisation.person(name).await.unwrap_err();
    assert_eq!(error.code(), "unknown_person", "{name:?}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_enrolled_twice_at_once_is_one_pseudonym() {
    let fixture = Fixture::open().await;
    let st_mary = &fixture.st_mary;
    for (attributes, others) in [(vec![], vec![]), (vec!["role:medic"], vec!["role:medic"])] {
        let name = format!("x {}", attributes.len());
        let (one, two) = tokio::join!(
            st_mary.enrol(&name, &attributes),
            st_mary.enrol(&name, &others)
        );
        let kept = st_mary.person(&name).await.unwrap();
        for enrolled in [one, two] {
            match enrolled {
                Ok(person) => assert_eq!(person.id(), kept.id()),
                Err(error) => assert_eq!(error.code(), "already_enrolled"),
            }
        }
        // Records about the kept pseudonym can be granted.
        let seal = st_mary.seal(b"x", &fixture.policy).subject(&kept);
        let grant = kept.grant(seal.await.unwrap(), &fixture.doctor, Window::days(1));
        fixture.doctor.open(grant.await.unwrap()).await.unwrap();
    }
    let (one, two) = tokio::join!(
        st_mary.enrol("y", &["role:medic"]),
        st_mary.enrol("y", &["role:nurse"])
    );
    let refused = one.err().or(two.err()).unwrap();
    assert_eq!(refused.code(), "already_enrolled");
    st_mary.person("y").await.unwrap();
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_up_to_the_limit_enrol_whole_and_longer_ones_not_at_all() {
    let fixture = Fixture::open().await;
    let people = fixture.consortium.parts().people;
    let limit = medshare_sdk::MAX_PERSON_NAME_LEN;
    let longest = "x".repeat(limit);
    let enrolled = fixture.st_mary.enrol(&longest, &["role:medic"]).await;
    let found = fixture.st_mary.person(&longest).await.unwrap();
    assert_eq!(enrolled.unwrap().id(), found.id());
    for length in [limit + 1, 221, 222, 223, 224, 1_000] {
        let name = "x".repeat(length);
        for attributes in [&[][..], &["role:medic"]] {
            let error = fixture.st_mary.enrol(&name, attributes).await.unwrap_err();
            assert_eq!(error.code(), "invalid_person_name", "{length} bytes");
            assert!(error.to_string().contains(&limit.to_string()), "{error}");
        }
        let error = fixture.st_mary.person(&name).await.unwrap_err();
        assert_eq!(error.code(), "invalid_person_name", "{length} bytes");
        if length < 224 {
            let stored = people.load(&entry(&name, "signing-key")).await.unwrap();
            assert!(stored.is_none(), "{length} bytes");
        }
    }
    fixture.close().await;
}

/// Refuses all keys.
struct Refusing;

impl AttributeIssuer for Refusing {
    fn issue<'a>(&'a self, _: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>> {
        Box::pin(std::future::ready(Err(Error::IssuanceRefused)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_enrolment_leaves_no_person() {
    let fixture = Fixture::open().await;
    let st_mary = &fixture.st_mary;
    let people = fixture.consortium.parts().people;

    // Of the contract's limits, before anything is stored.
    let label = "x".repeat(256);
    let voucher = medshare_sdk::issuer::voucher(MEMBERS[0]);
    for (attributes, at_fault, rule) in [
        (vec!["a".to_owned(), voucher.clone()], &*voucher, "reserved"),
        (vec![format!("{label} = 1")], &*label, "more than 256"),
        (
            (10..75).map(|number| format!("role:{number}")).collect(),
            "role:74",
            "number 65; a person has no more than 64",
        ),
        (vec!["role:".to_owned()], "role:", "between its colons"),
        (
            vec!["a".to_owned(), ":::".to_owned()],
            ":::",
            "between its colons",
        ),
        (vec!["a".to_owned(), "b or".to_owned()], "b or", ""),
        (
            vec!["n = 1".to_owned(), "n = 2".to_owned()],
            "n = 1, n = 2",
            "two values of the label n",
        ),
    ] {
        let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let error = st_mary.enrol("greedy", &attributes).await.unwrap_err();
        assert_eq!(error.code(), "invalid_attribute", "{error}");
        let text = error.to_string();
        assert!(text.contains(at_fault) && text.contains(rule), "{text}");
        assert!(
            !text.contains("vouched-by") || at_fault == voucher,
            "{text}"
        );
        let stored = people.load(&entry("greedy", "signing-key")).await.unwrap();
        assert!(stored.is_none(), "{attributes:?}");
        unknown(st_mary, "greedy").await;
    }

    // The chain enrols, and the authority refuses: the same call goes on later.
    let refusing = st_mary_with(&fixture, |parts| parts.issuer = Arc::new(Refusing));
    let error = refusing.enrol("late", &["role:medic"]).await.unwrap_err();
    assert_eq!(error.code(), "issuance_refused");
    unknown(st_mary, "late").await;
    let enrolled = st_mary.enrol("late", &["role:medic"]).await.unwrap();
    assert_eq!(st_mary.person("late").await.unwrap().id(), enrolled.id());
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_an_older_key_store_are_found() {
    let fixture = Fixture::open().await;
    let people = fixture.consortium.parts().people;
    let before = st_mary_with(&fixture, |parts| {
        // Those that tell an enrolment's end.
        let hides = |name: &str| name.ends_with("/enrolled");
        parts.people = Arc::new(OddKeyStore::hiding(Arc::clone(&people), hides));
    });
    for person in [&fixture.patient, &fixture.doctor] {
        let found = before.person(person.name()).await.unwrap();
        assert_eq!(found.id(), person.id());
    }

    // Under a name that is refused today, and under another spelling.
    let rename = async |person: &Person, name: &str| {
        for kind in ["signing-key", "attribute-key"] {
            if let Some(key) = people.load(&entry(person.name(), kind)).await.unwrap() {
                people.create(&entry(name, kind), &key).await.unwrap();
            }
        }
    };
    let [invisible, long] = [" Z\u{200b}oe".to_owned(), "x".repeat(221)];
    for (person, name, typed) in [
        (&fixture.patient, &*invisible, &*invisible),
        (&fixture.doctor, &long, &long),
        (&fixture.patient, DECOMPOSED, DECOMPOSED),
        (&fixture.patient, DECOMPOSED, COMPOSED),
    ] {
        if name == typed {
            rename(person, name).await;
        }
        let found = fixture.st_mary.person(typed).await.unwrap();
        assert_eq!(found.id(), person.id(), "{typed:?}");
        assert_eq!(found.name(), name);
    }
    let again = fixture.st_mary.enrol(COMPOSED, &[]).await.unwrap_err();
    assert_eq!(again.code(), "already_enrolled");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spellings_of_one_name_are_one_person() {
    let fixture = Fixture::open().await;
    let st_mary = &fixture.st_mary;
    let jose = st_mary.enrol(DECOMPOSED, &[]).await.unwrap();
    assert_eq!(jose.name(), COMPOSED);
    for spelling in [COMPOSED, DECOMPOSED] {
        assert_eq!(st_mary.person(spelling).await.unwrap().id(), jose.id());
        let error = st_mary.enrol(spelling, &[]).await.unwrap_err();
        assert_eq!(error.code(), "already_enrolled");
    }
    let (one, two) = tokio::join!(
        st_mary.enrol("Zoe\u{308}", &[]),
        st_mary.enrol("Zo\u{eb}", &[])
    );
    let kept = st_mary.person("Zo\u{eb}").await.unwrap();
    for enrolled in [one, two].into_iter().flatten() {
        assert_eq!(enrolled.id(), kept.id());
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_cannot_be_read_as_they_are_stored_are_refused() {
    let fixture = Fixture::open().await;
    let people = fixture.consortium.parts().people;
    for name in [
        "",
        " Ada",
        "Ada ",
        "Ada\n",
        "A\0da",
        "Ad\u{200b}a",
        "\u{202e}adA",
        "Ada\u{a0}B",
        "\u{301}a",
    ] {
        let error = fixture.st_mary.enrol(name, &[]).await.unwrap_err();
        assert_eq!(error.code(), "invalid_person_name", "{name:?}");
        assert!(!error.is_retryable());
        let stored = people.load(&entry(name, "signing-key")).await.unwrap();
        assert!(stored.is_none(), "{name:?}");
        let error = fixture.st_mary.person(name).await.unwrap_err();
        assert_eq!(error.code(), "invalid_person_name", "{name:?}");
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_enrolled_is_found_and_who_is_not_is_enrolled() {
    let fixture = Fixture::open().await;
    let st_mary = &fixture.st_mary;
    for attributes in [&["role:nurse", "ward:b"][..], &[]] {
        let name = format!("x {}", attributes.len());
        let (one, two) = tokio::join!(
            st_mary.enrolled_or_new(&name, attributes),
            st_mary.enrolled_or_new(&name, attributes)
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.id(), two.id());
        let reversed: Vec<&str> = attributes.iter().rev().copied().collect();
        let again = st_mary.enrolled_or_new(&name, &reversed).await.unwrap();
        assert_eq!(again.id(), one.id());
        assert_eq!(st_mary.person(&name).await.unwrap().id(), one.id());

        let error = st_mary.enrolled_or_new(&name, &["role:chief"]).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), "enrolment_conflict");
        let text = error.to_string();
        assert!(text.contains("[role:chief]"), "{text}");
        assert!(
            text.contains(&format!("[{}]", attributes.join(", "))),
            "{text}"
        );
        assert!(!error.is_retryable());
    }
    let spelled = st_mary.enrolled_or_new(COMPOSED, &["clearance = 3"]).await;
    let again = st_mary
        .enrolled_or_new(DECOMPOSED, &[" clearance=3 "])
        .await;
    assert_eq!(spelled.unwrap().id(), again.unwrap().id());

    // Of two at once with other attributes, one is enrolled and the other is told.
    let (one, two) = tokio::join!(
        st_mary.enrolled_or_new("y", &["role:medic"]),
        st_mary.enrolled_or_new("y", &["role:nurse"])
    );
    assert!(one.is_ok() != two.is_ok());
    let refused = one.err().or(two.err()).unwrap();
    assert_eq!(refused.code(), "enrolment_conflict", "{refused}");
    st_mary.person("y").await.unwrap();

    // An interrupted enrolment goes on.
    let refusing = st_mary_with(&fixture, |parts| parts.issuer = Arc::new(Refusing));
    let late = &["role:medic"];
    let error = refusing.enrolled_or_new("late", late).await.unwrap_err();
    assert_eq!(error.code(), "issuance_refused");
    let enrolled = st_mary.enrolled_or_new("late", late).await.unwrap();
    assert_eq!(st_mary.person("late").await.unwrap().id(), enrolled.id());
    fixture.close().await;
}

/// An error says which name or attribute it is about, and does not repeat all of a long text.
#[tokio::test(flavor = "multi_thread")]
async fn long_texts_are_not_repeated_in_errors() {
    let fixture = Fixture::open().await;
    let st_mary = &fixture.st_mary;
    let long = "x".repeat(100_000);
    let label = format!("{long} = 1");
    for error in [
        st_mary.enrol(&long, &[]).await.map(drop).unwrap_err(),
        st_mary.person(&long).await.map(drop).unwrap_err(),
        st_mary
            .enrolled_or_new("y", &[&label])
            .await
            .map(drop)
            .unwrap_err(),
        st_mary
            .enrol("y", &[&format!("\"{long}\"")])
            .await
            .map(drop)
            .unwrap_err(),
        fixture
            .consortium
            .organisation(&long)
            .map(drop)
            .unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            text.len() < 1_000,
            "{} bytes of {}",
            text.len(),
            error.code()
        );
    }
    fixture.close().await;
}
