//! A line that describes a fault: what is read is written as a line that reads as the same.
#![no_main]

use ldtokens_server::Fault;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    if let Ok(fault) = line.parse::<Fault>() {
        assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
    }
});
