#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| medshare_fuzz::properties::attribute_set(bytes));
