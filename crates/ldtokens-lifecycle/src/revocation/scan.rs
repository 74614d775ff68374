//! Finds secrets in text by their format, `api-` and a UUID, also in encodings.

use std::io::{self, Read};
use std::ops::Range;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;
use ldtokens::Secret;

/// How a UUID is written, in hexadecimal digits.
const UUID: &[u8] = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// The length of a secret.
const LENGTH: usize = 4 + UUID.len();

/// How much is read at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// How much is searched again with what follows it, in bytes: more than a secret is long in any encoding.
const TAIL: usize = 512;

/// How many encodings inside each other are undone.
const MAX_DEPTH: u32 = 3;

/// The files in a tar archive begin at multiples of this length, in bytes.
const TAR_BLOCK: usize = 512;

/// Base64 without padding, also if it is cut short.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// How much of a compressed text is searched, in bytes.
const MAX_DECOMPRESSED: u64 = 4 << 30;

/// A kind of key other than an access token's secret. It can't be revoked through the access token API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// `sdk-`: the SDK key of an environment.
    Sdk,
    /// `mob-`: the mobile key of an environment.
    Mobile,
    /// `rel-`: the key of a Relay Proxy's automatic configuration.
    Relay,
}

impl KeyKind {
    /// Returns the kind of key that `text` is, if it is one.
    pub fn of(text: &str) -> Option<Self> {
        form(text.as_bytes()).flatten()
    }
}

/// A key that is not the secret of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OtherKey {
    /// What it is.
    pub kind: KeyKind,
    /// Its last four characters.
    pub last_four: String,
}

/// The secrets and keys found in texts, each once, in the order found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Scan {
    /// The secrets of access tokens, by their form. Whether they work is not known.
    pub secrets: Vec<Secret>,
    /// Other keys of LaunchDarkly's.
    pub other_keys: Vec<OtherKey>,
    /// What could not be searched, as in `a part of it is compressed by zstd`.
    pub unsearched: Vec<String>,
}

impl Scan {
    /// Reads `from` to its end and keeps what is found. What surrounds a secret does not matter: UTF-8, UTF-16 and binary files
    /// are searched alike, and also what is encoded as base64, by `%2d`, `\\u002d` or `&#45;`, or compressed by gzip. The text
    /// itself is not kept.
    ///
    /// # Errors
    /// If `from` can't be read. What was found before that is kept.
    pub fn read(&mut self, from: impl Read) -> io::Result<()> {
        self.read_layer(Box::new(from), 0)
    }

    fn read_layer(&mut self, mut from: Box<dyn Read + '_>, depth: u32) -> io::Result<()> {
        let mut start = Vec::new();
        from.by_ref().take(6).read_to_end(&mut start)?;
        if compression(&start) == Some("gzip") && depth < MAX_DEPTH {
            let inner = MultiGzDecoder::new(start.chain(from));
            if let Err(error) = self.read_layer(Box::new(inner.take(MAX_DECOMPRESSED)), depth + 1) {
                add(&mut self.unsearched, format!("a part of it can't be decompressed: {error}"));
            }
            return Ok(());
        }
        let mut window: Vec<u8> = Vec::with_capacity(CHUNK + TAIL);
        let mut from = start.chain(from);
        loop {
            let count = from.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
            for how in window.chunks(TAR_BLOCK).filter_map(compression) {
                add(&mut self.unsearched, format!("a part of it is compressed by {how}"));
            }
            self.search_decoded(&window, depth);
            if count == 0 {
                return Ok(());
            }
            window.drain(..window.len().saturating_sub(TAIL));
        }
    }

    /// Keeps what is found in `text` and in what is encoded in it.
    fn search_decoded(&mut self, text: &[u8], depth: u32) {
        // In UTF-16 every second byte of plain text is zero.
        let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != 0).collect();
        self.search(&text);
        if depth >= MAX_DEPTH {
            return;
        }
        if let Some(plain) = unescaped(&text) {
            self.search_decoded(&plain, depth + 1);
        }
        for decoded in base64(&text, LENGTH) {
            match compression(&decoded) {
                Some(_) => {
                    let _ = self.read_layer(Box::new(&decoded[..]), depth + 1);
                }
                None => self.search_decoded(&decoded, depth + 1),
            }
        }
    }

    /// Keeps what is found in `text`. What surrounds it is ignored: missing a secret is worse than a false match.
    fn search(&mut self, text: &[u8]) {
        for window in text.windows(LENGTH) {
            let Some(kind) = form(window) else { continue };
            let secret = Secret::new(String::from_utf8_lossy(window));
            match kind {
                None => add(&mut self.secrets, secret),
                Some(kind) => {
                    add(&mut self.other_keys, OtherKey { kind, last_four: secret.last_four().to_owned() });
                }
            }
        }
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, new: T) {
    if !all.contains(&new) {
        all.push(new);
    }
}

/// Returns where the first access token's secret or other key in `text` is, by its form.
pub fn find_key(text: &str) -> Option<Range<usize>> {
    let start = text.as_bytes().windows(LENGTH).position(|window| form(window).is_some())?;
    Some(start..start + LENGTH)
}

/// Whether `text` has the form of an access token's secret.
pub(crate) fn is_access_token(text: &str) -> bool {
    form(text.as_bytes()) == Some(None)
}

/// Which kind of key has the form of `text`, if one has. Some(None) is an access token's secret.
fn form(text: &[u8]) -> Option<Option<KeyKind>> {
    let (prefix, uuid) = text.split_at_checked(4)?;
    let kind = match prefix {
        b"api-" => None,
        b"sdk-" => Some(KeyKind::Sdk),
        b"mob-" => Some(KeyKind::Mobile),
        b"rel-" => Some(KeyKind::Relay),
        _ => return None,
    };
    let has_form = |(byte, form): (&u8, &u8)| if *form == b'-' { byte == form } else { byte.is_ascii_hexdigit() };
    (uuid.len() == UUID.len() && uuid.iter().zip(UUID).all(has_form)).then_some(kind)
}

/// How `bytes` are compressed, by their first bytes.
fn compression(bytes: &[u8]) -> Option<&'static str> {
    let starts: [(&[u8], &str); 9] = [
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a", "rar"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"LZIP\x01", "lzip"),
    ];
    starts.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| name)
}

/// Returns the text without `%2d`, `\\u002d`, `\\x2d`, `&#45;` and other such escapes of ASCII characters, and without the line
/// breaks of quoted-printable text, if it has any.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let (mut plain, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(first) = text.get(at) {
        match &text[at..] {
            // An e-mail's lines end so where a text goes on.
            [b'=', b'\r', b'\n', ..] => at += 3,
            [b'=', b'\n', ..] => at += 2,
            rest => {
                let (byte, length) = escape(rest).unwrap_or((*first, 1));
                plain.push(byte);
                at += length;
            }
        }
    }
    (plain.len() < text.len()).then_some(plain)
}

/// The character of the escape that `text` starts with, and how long that is.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let number = |digits: &[u8], radix| {
        let number = u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
        number.is_ascii_graphic().then_some(number)
    };
    match text {
        [b'%', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 3)),
        [b'\\', b'n', ..] => Some((b'\n', 2)),
        [b'\\', byte @ (b'\\' | b'/' | b'"'), ..] => Some((*byte, 2)),
        [b'&', b'a', b'm', b'p', b';', ..] => Some((b'&', 5)),
        [b'\\', b'x', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 4)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => Some((number(rest.get(..2)?, 16)?, 6)),
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(5).position(|byte| *byte == b';')?;
            let byte = match &rest[..end] {
                [b'x' | b'X', digits @ ..] => number(digits, 16)?,
                digits => number(digits, 10)?,
            };
            Some((byte, end + 3))
        }
        _ => None,
    }
}

/// Decodes what may be base64, in either alphabet, and hold `least` bytes, from each of the four characters that a group can begin
/// with. Line breaks and indentation may be in it.
fn base64(text: &[u8], least: usize) -> Vec<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut is_at_line_start = false;
    for byte in text.iter().copied().chain([b'=']) {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => {
                run.push(match byte {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => other,
                });
                is_at_line_start = false;
            }
            b'\n' | b'\r' => is_at_line_start = true,
            b' ' | b'\t' if is_at_line_start => {}
            _ => {
                if run.len() * 3 / 4 >= least {
                    // One character at the end holds no byte.
                    let ends = (0..4).map(|start| (start, run.len() - usize::from((run.len() - start) % 4 == 1)));
                    decoded.extend(ends.filter_map(|(start, end)| BASE64.decode(&run[start..end]).ok()));
                }
                run.clear();
            }
        }
    }
    decoded
}

#[cfg(test)]
#[path = "../../tests/unit/scan.rs"]
mod tests;
