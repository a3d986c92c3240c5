//! The steps that are unsafe alone still open honest headers.

use medshare_abe::hazmat::decapsulate_unchecked;
use medshare_abe::{Validity, decapsulate, encapsulate};

use crate::common::{Setting, policy, rng};

#[test]
fn the_unchecked_half_opens_what_is_honest() {
    let setting = Setting::new();
    let key = setting.key("a, b, c", Validity::ALWAYS);
    let parameters = &setting.parameters;
    let (header, sealed) = encapsulate(parameters, &policy("a and c"), b"aad", &mut rng(3));
    let unchecked = decapsulate_unchecked(parameters, &header, &key, b"aad").expect("opens");
    assert_eq!(unchecked.as_bytes(), sealed.as_bytes());
    let checked = decapsulate(parameters, &header, &key, b"aad").expect("opens");
    assert_eq!(checked.as_bytes(), sealed.as_bytes());
}
