//! A request that is shown as another: an issuer reads names, and the scheme knows numbers.

use medshare_abe::issuance::IssuanceRequest;
use medshare_abe::{AccessPolicy, AttributeSet, Enumerations, decapsulate, encapsulate};
use medshare_types::Wire;

use crate::common::{hospitals, rng};
use crate::issuance::setting::{parts, request, shared};

/// The request as it arrives, for a list that is written with other enumerations than the issuers'.
fn asked(text: &str, lists: &Enumerations) -> IssuanceRequest {
    let (authority, _) = shared(2, 3);
    let request = IssuanceRequest {
        attributes: AttributeSet::parse(text, lists).expect("a list"),
        ..request(&authority, "")
    };
    IssuanceRequest::from_wire(&request.to_wire()).expect("a request")
}

/// Whether the key that it gets opens what is sealed for that policy.
fn opens(request: &IssuanceRequest, text: &str, lists: &Enumerations) -> bool {
    let (authority, shares) = shared(2, 3);
    let parts = parts(&authority, &shares, request);
    let key = authority.combine(request, &parts, &mut rng(6));
    let key = key.expect("parts of one request");
    let policy = AccessPolicy::parse(text, lists).expect(text);
    let (header, secret) = encapsulate(authority.parameters(), &policy, b"aad", &mut rng(5));
    let opened = decapsulate(authority.parameters(), &header, &key, b"aad");
    opened.is_ok_and(|opened| opened.as_bytes() == secret.as_bytes())
}

#[test]
fn a_request_for_another_value_than_it_shows_is_told() {
    let registered = hospitals(1, &["st-mary", "charité", "north"]);
    let honest = asked("hospital = charité, role:nurse", &registered);
    assert!(honest.attributes.agrees_with(&registered));

    // The same list in another order: the name of one value with the number of another.
    let swapped = hospitals(1, &["st-mary", "north", "charité"]);
    let lying = asked("hospital = charité, role:nurse", &swapped);
    assert_eq!(lying.attributes.to_string(), honest.attributes.to_string());
    assert!(opens(&lying, "hospital == north", &registered));
    assert!(!opens(&lying, "hospital == charité", &registered));
    assert!(!lying.attributes.agrees_with(&registered));
}

#[test]
fn a_request_for_a_number_where_a_value_belongs_is_told() {
    let registered = hospitals(1, &["st-mary", "7"]);
    let number = asked("hospital = 7", &Enumerations::new());
    let value = asked("hospital = 7", &registered);
    assert_eq!(number.attributes.to_string(), value.attributes.to_string());
    assert!(value.attributes.agrees_with(&registered));
    assert!(!number.attributes.agrees_with(&registered));
    assert!(number.attributes.agrees_with(&Enumerations::new()));
    // An enumeration that the issuer has not, and one with another id.
    assert!(!value.attributes.agrees_with(&Enumerations::new()));
    let other = asked("hospital = 7", &hospitals(2, &["st-mary", "7"]));
    assert!(!other.attributes.agrees_with(&registered));
    let date = asked("hospital = 2026-01-31", &Enumerations::new());
    assert!(!date.attributes.agrees_with(&registered));
    let plain = asked("hospital:7, n = 3, \"hospital = 7\"", &registered);
    assert!(plain.attributes.agrees_with(&registered));
}
