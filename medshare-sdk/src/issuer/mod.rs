//! Attribute keys: requests for them, and the authority that issues them.

mod authority;
mod request;
mod vouching;

pub use authority::{AttributeAuthority, CLOCK_TOLERANCE_DAYS, DEFAULT_KEY_LIFETIME_DAYS};
pub use medshare_abe::issuance::{RecipientKey, RecipientKeyPair, SealedKey};
pub use request::{AttributeIssuer, KeyRequest};
pub use vouching::voucher;

#[cfg(feature = "in-process")]
pub(crate) use authority::{RefusalRule, check_master_key};
pub(crate) use vouching::{
    check_enrollable, check_issuable, parse_attributes, subject_attribute, vouched_attributes,
    vouched_for,
};
