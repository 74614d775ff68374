use std::io::Read;
use std::sync::mpsc;

use ldtokens::Secret;

use super::{END, pass_on};

#[test]
fn a_secret_is_replaced_in_what_a_command_prints_however_it_is_split() {
    let secret = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";
    let end = std::str::from_utf8(END).unwrap();
    let printed = format!("a {secret}{secret} api-0b1c\nb api-{end}late {secret} api-0");
    let shown = "a [redacted][redacted] api-0b1c\nb api-late [redacted] api-0";
    for at in 0..printed.len() {
        for length in [1, 7, 60] {
            // Each part is read by itself.
            let (first, rest) = printed.as_bytes().split_at(at);
            let (second, third) = rest.split_at(length.min(rest.len()));
            let (mut to, (ends, ended)) = (Vec::new(), mpsc::channel());
            pass_on(first.chain(second).chain(third), &mut to, &Secret::new(secret), &ends);
            assert_eq!(String::from_utf8(to).unwrap(), shown, "{at} {length}");
            assert_eq!(ended.try_iter().count(), 1);
        }
    }
}
