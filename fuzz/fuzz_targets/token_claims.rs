#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| granary_fuzz::properties::token_claims(text));
