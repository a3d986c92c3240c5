//! One member of a medshare consortium.
#![forbid(unsafe_code)]
