//! A line that describes a fault: what is written of it reads as the same. Whether it can strike is checked
//! later, when a server starts.
#![no_main]

use ldtokens_server::Fault;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    if let Ok(fault) = line.parse::<Fault>() {
        let written = fault.to_string();
        assert_eq!(written.parse::<Fault>().unwrap().to_string(), written);
    }
});
