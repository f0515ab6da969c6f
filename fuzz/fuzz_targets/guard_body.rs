#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| granary_fuzz::properties::guard_body(bytes));
