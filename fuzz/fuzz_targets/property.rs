//! Tries the property that the environment variable `PROPERTY` names.
#![no_main]
#![allow(clippy::expect_used, reason = "fuzzing ends at the first panic")]

use std::env;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use medshare_fuzz::properties::PROPERTIES;

static HOLDS: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = env::var("PROPERTY").expect("PROPERTY names a property");
    let found = PROPERTIES.iter().find(|(name, _)| *name == wanted);
    found.expect("PROPERTIES lists the property").1
});

fuzz_target!(|bytes: &[u8]| HOLDS(bytes));
