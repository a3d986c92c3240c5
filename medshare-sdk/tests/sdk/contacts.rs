//! Contact cards: made at one hospital, read at another, and hostile ones refused.

use std::time::Duration;

use medshare_sdk::{
    AccessPolicy, Consortium, ContactCard, ContactFault, Error, PersonId, SigningKey, Timestamp,
    Window,
};
use medshare_types::{Digest, hash};

use crate::support::{MEMBERS, now};
use crate::two_applications::Hospitals;

/// Where the fields of an encoded card are.
const PERSON: usize = 6 + 32;
const ORGANISATION: usize = PERSON + 32;
const KEY: usize = ORGANISATION + 32;
const NAME: usize = KEY + 32;
const SIGNATURE: usize = 64;

fn fault<T: std::fmt::Debug>(result: medshare_sdk::Result<T>) -> ContactFault {
    let error = result.unwrap_err();
    assert_eq!(error.code(), "invalid_contact");
    assert!(!error.is_retryable());
    match error {
        Error::InvalidContact { fault, .. } => fault,
        error => panic!("{error}"),
    }
}

/// The same card with other fields, signed by this key.
fn forged(card: &ContactCard, key: &SigningKey, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = card.to_bytes();
    bytes.truncate(bytes.len() - SIGNATURE);
    change(&mut bytes);
    let statement = hash::digest("medshare/sdk/contact-card/v1", &[&bytes[6..]]);
    bytes.extend_from_slice(key.sign(&statement).as_bytes());
    bytes
}

fn put(at: usize, field: &[u8]) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| bytes[at..at + field.len()].copy_from_slice(field)
}

/// The signing key of a person, out of the key store of its application.
async fn signing_key(application: &Consortium, home: &str, name: &str) -> SigningKey {
    let entry = format!(
        "person/{}:{home}/{}:{name}/signing-key",
        home.len(),
        name.len()
    );
    let seed = application.parts().people.load(&entry).await.unwrap();
    SigningKey::from_seed(seed.unwrap().as_slice().try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_introduces_a_person_to_another_hospital() {
    let hospitals = Hospitals::open().await;
    let st_mary = hospitals.st_mary.organisation(MEMBERS[0]).unwrap();
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let patient = st_mary.enrol("Ada", &[]).await.unwrap();
    let kim = charite.enrol("Dr Kim", &["role:medic"]).await.unwrap();
    let made = kim.contact_card().name("Dr Kim").await.unwrap();
    let text = made.to_string();
    assert!(text.starts_with("medshare-contact1") && text.len() <= 400);

    let folded = [&text[..70], &text[70..200], &text[200..]];
    let read: ContactCard = format!("\n {}\r\n", folded.join("\r\n")).parse().unwrap();
    assert_eq!(read, made);
    assert_eq!(text.to_uppercase().parse::<ContactCard>().unwrap(), made);
    let json = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<ContactCard>(&json).unwrap(), made);
    assert_eq!(ContactCard::from_bytes(&made.to_bytes()).unwrap(), made);

    let contact = hospitals.st_mary.import(&read).await.unwrap();
    assert_eq!(contact.id(), kim.id());
    assert_eq!(contact.organisation().name, MEMBERS[1]);
    assert_eq!(contact.attributes(), ["role:medic"]);
    assert_eq!(contact.claimed_name(), Some("Dr Kim"));
    assert_eq!(contact.card().not_after(), None);

    let policy: AccessPolicy = "role:medic".parse().unwrap();
    let record = st_mary.seal(b"referral", &policy).subject(&patient);
    let record = record.await.unwrap();
    let grant = patient
        .grant(record, &contact, Window::days(1))
        .await
        .unwrap();
    assert_eq!(kim.open(grant).await.unwrap().bytes(), b"referral");

    // The patient's card has no name; the other hospital seals about her by it.
    let card = patient.contact_card().await.unwrap();
    assert_eq!(card.claimed_name(), None);
    let subject = hospitals.charite.import(&card).await.unwrap();
    let sealed = charite.seal(b"findings", &policy).subject(subject);
    let sealed = sealed.await.unwrap();
    let info = hospitals.charite.record(sealed).await.unwrap();
    assert_eq!(info.subject, *patient.id());

    let longest = kim
        .contact_card()
        .name("x".repeat(160))
        .not_after(Timestamp::MAX);
    let longest = longest.await.unwrap().to_string();
    assert!(longest.len() <= 640, "{}", longest.len());
    assert!(longest.parse::<ContactCard>().is_ok());
    hospitals.local.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_card_is_refused() {
    let hospitals = Hospitals::open().await;
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let kim = charite.enrol("Dr Kim", &[]).await.unwrap();
    let card = kim.contact_card().name("Dr Kim").await.unwrap();

    let text = card.to_string();
    for at in 0..text.len() {
        for other in ["q", "p", "1", "b", "-"] {
            let typo = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            if typo != text {
                assert_eq!(fault(typo.parse::<ContactCard>()), ContactFault::Malformed);
            }
        }
        assert_eq!(
            fault(text[..at].parse::<ContactCard>()),
            ContactFault::Malformed
        );
    }
    let bytes = card.to_bytes();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        fault(ContactCard::from_bytes(&altered));
        fault(ContactCard::from_bytes(&bytes[..at]));
    }
    fault(ContactCard::from_bytes(&[&bytes[..], &[0]].concat()));

    // The name, with the checksum computed anew.
    let at = NAME + 1 + 4;
    let mut renamed = bytes.clone();
    renamed[at..at + 6].copy_from_slice(b"Dr Lee");
    assert_eq!(
        fault(ContactCard::from_bytes(&renamed)),
        ContactFault::BadSignature
    );
    hospitals.local.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_card_is_refused() {
    let hospitals = Hospitals::open().await;
    let st_mary = hospitals.st_mary.organisation(MEMBERS[0]).unwrap();
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let kim = charite.enrol("Dr Kim", &["role:medic"]).await.unwrap();
    let card = kim.contact_card().name("Dr Kim").await.unwrap();
    let parse = |bytes: Vec<u8>| ContactCard::from_bytes(&bytes);

    // A stranger's key: in the place of hers, as another signer, and with its own pseudonym.
    let stranger = SigningKey::from_seed(&[9; 32]);
    let key = *stranger.verifying_key().as_bytes();
    let swapped = forged(&card, &stranger, put(KEY, &key));
    assert_eq!(fault(parse(swapped)), ContactFault::ForeignKey);
    let signed = forged(&card, &stranger, |_| ());
    assert_eq!(fault(parse(signed)), ContactFault::BadSignature);
    let pseudonym = PersonId::of_key(&stranger.verifying_key());
    let own = forged(&card, &stranger, |bytes| {
        put(PERSON, pseudonym.as_ref())(bytes);
        put(KEY, &key)(bytes);
    });
    let own = parse(own).unwrap();
    assert_eq!(
        fault(hospitals.st_mary.import(&own).await),
        ContactFault::NotEnrolled
    );

    // A person of another hospital that claims to be of this one.
    let nosy = st_mary.enrol("Nosy", &[]).await.unwrap();
    let truthful = nosy.contact_card().name("Dr Kim").await.unwrap();
    let nosy_key = signing_key(&hospitals.st_mary, MEMBERS[0], "Nosy").await;
    let elsewhere = charite.id().as_ref();
    let claim = parse(forged(&truthful, &nosy_key, put(ORGANISATION, elsewhere)));
    let expected = ContactFault::OtherEnrolment {
        organisation: *st_mary.id(),
    };
    assert_eq!(
        fault(hospitals.charite.import(&claim.unwrap()).await),
        expected
    );

    // The name alone is a claim: the card is good, and the contact shows whose person it is.
    let contact = hospitals.charite.import(&truthful).await.unwrap();
    assert_eq!(contact.claimed_name(), Some("Dr Kim"));
    assert_ne!(contact.id(), kim.id());
    assert_eq!(contact.organisation().name, MEMBERS[0]);
    assert!(contact.attributes().is_empty());

    // A name that shows as another, signed by its owner.
    for name in ["\u{202e}miK rD", "Dr\u{200b}Kim", "Jose\u{301}"] {
        let hidden = forged(&truthful, &nosy_key, |bytes| {
            let end = NAME + 1 + 4 + "Dr Kim".len();
            let length = u32::try_from(name.len()).unwrap().to_le_bytes();
            let field = [&[1][..], &length, name.as_bytes()].concat();
            bytes.splice(NAME..end, field);
        });
        assert_eq!(
            fault(parse(hidden)),
            ContactFault::UnreadableName,
            "{name:?}"
        );
        if name != "Jose\u{301}" {
            let refused = nosy.contact_card().name(name).await.unwrap_err();
            assert_eq!(refused.code(), "invalid_person_name");
        }
    }
    hospitals.local.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_for_its_consortium_and_time() {
    let (hospitals, others) = tokio::join!(Hospitals::open(), Hospitals::open());
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let kim = charite.enrol("Dr Kim", &[]).await.unwrap();
    let card = kim.contact_card().await.unwrap();
    let chain = hospitals.charite.parts().anchor.chain();
    assert_eq!(
        fault(others.st_mary.import(&card).await),
        ContactFault::OtherChain { chain }
    );

    let brief = kim.contact_card().lasting(Duration::from_secs(2));
    let brief = brief.await.unwrap();
    hospitals.st_mary.import(&brief).await.unwrap();
    let not_after = brief.not_after().unwrap();
    while now() < not_after {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let over = ContactFault::Expired { not_after };
    assert_eq!(fault(hospitals.st_mary.import(&brief).await), over);
    let not_after = Timestamp::from_millis(1);
    let past = kim.contact_card().not_after(not_after).await;
    assert_eq!(fault(past), ContactFault::Expired { not_after });
    for application in [hospitals, others] {
        application.local.shut_down().await.unwrap();
    }
}

/// The bytes of a card with every optional field, in front of its signature.
#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_a_card_are_as_drawn() {
    let hospitals = Hospitals::open().await;
    let charite = hospitals.charite.organisation(MEMBERS[1]).unwrap();
    let kim = charite.enrol("Dr Kim", &[]).await.unwrap();
    let end = Timestamp::MAX;
    let card = kim.contact_card().name("Kim").not_after(end).await.unwrap();
    let key = signing_key(&hospitals.charite, MEMBERS[1], "Dr Kim").await;
    let public = key.verifying_key();
    let chain = hospitals.charite.parts().anchor.chain();
    let fields: [&[u8]; 9] = [
        b"mCCD\x00\x01",
        chain.as_ref(),
        kim.id().as_ref(),
        charite.id().as_ref(),
        public.as_bytes(),
        b"\x01\x03\0\0\0Kim",
        &card.issued_at().as_millis().to_le_bytes(),
        b"\x01",
        &end.as_millis().to_le_bytes(),
    ];
    let bytes = card.to_bytes();
    let (body, signature) = bytes.split_at(bytes.len() - SIGNATURE);
    assert_eq!(body, fields.concat());
    let statement: Digest = hash::digest("medshare/sdk/contact-card/v1", &[&body[6..]]);
    assert_eq!(signature, key.sign(&statement).as_bytes());
    hospitals.local.shut_down().await.unwrap();
}
