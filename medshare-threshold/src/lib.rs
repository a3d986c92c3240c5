//! The time gate: secret sharing, distributed key generation and threshold release.
#![forbid(unsafe_code)]
