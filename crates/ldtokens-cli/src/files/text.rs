//! Text from a file, standard input, a command or a variable. A byte-order mark is skipped, and UTF-16 is an error that says so.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;

use serde::de::DeserializeOwned;
use serde_saphyr::options;

use crate::terminal::Failure;

/// The maximum size of a YAML file, in bytes.
const MAX_YAML: u64 = 4 * 1024 * 1024;

/// The bytes as text, without a byte-order mark. The error never contains any of them.
fn decode(bytes: Vec<u8>) -> Result<String, &'static str> {
    let is_marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    // Without a mark, every second byte of ASCII text is zero.
    if is_marked || bytes.len() >= 2 && bytes[..2].contains(&0) {
        return Err("it is UTF-16, as PowerShell 5 writes; save it as UTF-8");
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// All of `from` as text, if it has at most `max_size` bytes.
pub(crate) fn read(from: impl Read, max_size: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    from.take(max_size.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > max_size {
        return Err(format!("it is larger than {} KiB", max_size >> 10));
    }
    decode(bytes).map_err(str::to_owned)
}

/// A file as text, if it has at most `max_size` bytes.
pub(crate) fn of_file(path: &Path, max_size: u64) -> Result<String, String> {
    read(File::open(path).map_err(|error| error.to_string())?, max_size)
}

/// Reads a value from a YAML file. The text is YAML 1.2, in which `no` is not a boolean.
pub(crate) fn yaml_of_file<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let options = options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(&of_file(path, MAX_YAML)?, options).map_err(|error| error.to_string())
}

/// What standard input was used for. Only one of these can use it: a body, a policy, IDs or the credential.
static TAKEN_FOR: Mutex<Option<&str>> = Mutex::new(None);

/// Standard input, for `what`. It is an error if it was used for something else.
pub(crate) fn take_stdin(what: &'static str) -> Result<impl Read, Failure> {
    let mut taken_for = TAKEN_FOR.lock().expect("nothing panics with it");
    match taken_for.replace(what) {
        Some(other) => Err(Failure::usage(format!("{other} and {what} can't both come from standard input"))),
        None => Ok(io::stdin()),
    }
}

/// All of standard input as text, for `what`.
pub(crate) fn of_stdin(what: &'static str) -> Result<String, Failure> {
    read(take_stdin(what)?, u64::MAX)
        .map_err(|reason| Failure::usage(format!("can't read {what} from standard input: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn one_byte_order_mark_is_skipped_and_utf_16_is_an_error() {
        assert_eq!(decode("\u{feff}a\u{feff}".into()).unwrap(), "a\u{feff}");
        assert_eq!(decode("\u{feff}\u{feff}a".into()).unwrap(), "\u{feff}a");
        assert_eq!(decode(Vec::new()).unwrap(), "");
        let utf_16: Vec<u16> = "api-1".encode_utf16().collect();
        let little: Vec<u8> = utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [[&[0xff, 0xfe], &little[..]].concat(), [&[0xfe, 0xff], &big[..]].concat(), little, big] {
            assert!(decode(bytes).unwrap_err().contains("UTF-16"));
        }
        assert!(decode(vec![b'a', 0xe9]).unwrap_err().contains("not UTF-8"));
    }
}
