//! Finds secrets in text by their format: `api-` and a UUID.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ldtokens::Secret;

use crate::revocation::encodings::{base64, compression, unescaped};

const PREFIX_LENGTH: usize = 4;

/// The lengths of a UUID's parts.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

const UUID_LENGTH: usize = 36;

const LENGTH: usize = PREFIX_LENGTH + UUID_LENGTH;

/// How much is read at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// How much is searched again with what follows it, in bytes: more than a secret is long in any encoding.
const TAIL: usize = 512;

/// How many encodings inside each other are undone.
const MAX_DEPTH: u32 = 3;

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
    /// What could not be searched, as in `it is compressed by zstd`.
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
        match compression(&start) {
            Some("gzip") if depth < MAX_DEPTH => {
                let inner = MultiGzDecoder::new(start.chain(from));
                if let Err(error) = self.read_layer(Box::new(inner.take(MAX_DECOMPRESSED)), depth + 1) {
                    self.miss(format!("a part can't be decompressed: {error}"));
                }
                return Ok(());
            }
            Some(how) => self.miss(format!("it is compressed by {how}")),
            None => {}
        }
        let mut window: Vec<u8> = Vec::with_capacity(CHUNK + TAIL);
        let mut from = start.chain(from);
        loop {
            let count = from.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
            self.search_decoded(&window, depth);
            if count == 0 {
                return Ok(());
            }
            window.drain(..window.len().saturating_sub(TAIL));
        }
    }

    fn miss(&mut self, what: String) {
        if !self.unsearched.contains(&what) {
            self.unsearched.push(what);
        }
    }

    /// Keeps what is found in `text` and in what is encoded in it.
    fn search_decoded(&mut self, text: &[u8], depth: u32) {
        // In UTF-16 every second byte of plain text is zero.
        let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != 0).collect();
        self.search(&text);
        if let Some(text) = unescaped(&text) {
            self.search(&text);
        }
        if depth >= MAX_DEPTH {
            return;
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

    /// Keeps what is found in `text`.
    fn search(&mut self, text: &[u8]) {
        let mut at = 0;
        while at + LENGTH <= text.len() {
            match form(&text[at..at + LENGTH]) {
                // The surrounding text is ignored: missing a secret is worse than a false match.
                Some(kind) => {
                    self.keep(kind, &text[at..at + LENGTH]);
                    at += LENGTH;
                }
                None => at += 1,
            }
        }
    }

    fn keep(&mut self, kind: Option<KeyKind>, text: &[u8]) {
        let secret = Secret::new(String::from_utf8_lossy(text));
        match kind {
            None => {
                if !self.secrets.contains(&secret) {
                    self.secrets.push(secret);
                }
            }
            Some(kind) => {
                let key = OtherKey { kind, last_four: secret.last_four().to_owned() };
                if !self.other_keys.contains(&key) {
                    self.other_keys.push(key);
                }
            }
        }
    }
}

/// Whether `text` has the form of an access token's secret.
pub(crate) fn is_access_token(text: &str) -> bool {
    form(text.as_bytes()) == Some(None)
}

/// Which kind of key has the form of `text`, if one has. Some(None) is an access token's secret.
fn form(text: &[u8]) -> Option<Option<KeyKind>> {
    let (prefix, uuid) = text.split_at_checked(PREFIX_LENGTH)?;
    let kind = match prefix {
        b"api-" => None,
        b"sdk-" => Some(KeyKind::Sdk),
        b"mob-" => Some(KeyKind::Mobile),
        b"rel-" => Some(KeyKind::Relay),
        _ => return None,
    };
    is_uuid(uuid).then_some(kind)
}

fn is_uuid(text: &[u8]) -> bool {
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b'-').collect();
    parts.len() == UUID.len()
        && parts.iter().zip(UUID).all(|(part, length)| part.len() == length && part.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{CHUNK, KeyKind, Scan};

    const ONE: &str = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";
    const TWO: &str = "api-1b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5c";

    fn found(text: impl AsRef<[u8]>) -> Vec<String> {
        let mut scan = Scan::default();
        scan.read(text.as_ref()).unwrap();
        scan.secrets.iter().map(|secret| secret.expose().to_owned()).collect()
    }

    #[test]
    fn a_secret_is_found_in_any_encoding_and_what_can_t_be_searched_is_told() {
        let escaped = |form: fn(u8) -> String| ONE.bytes().map(form).collect::<String>().into_bytes();
        let gzip = |bytes: &[u8]| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            std::io::Write::write_all(&mut packed, bytes).unwrap();
            packed.finish().unwrap()
        };
        let wrapped = |text: String| text.as_bytes().chunks(30).collect::<Vec<_>>().join(&b"\n    "[..]);
        let padding = "x".repeat(CHUNK - 20);
        for (text, how) in [
            (format!("token: {}", encoded(ONE.as_bytes())).into_bytes(), "a Kubernetes Secret"),
            (encoded(format!("a:{ONE}").as_bytes()).into_bytes(), "an Authorization header"),
            (format!("{padding} {}", encoded(format!("ab{ONE}").as_bytes())).into_bytes(), "across two reads"),
            (wrapped(encoded(format!("password={ONE}").as_bytes())), "base64 over several lines"),
            (encoded(encoded(format!("{{{ONE}}}").as_bytes()).as_bytes()).into_bytes(), "base64 twice"),
            (encoded(&gzip(ONE.as_bytes())).into_bytes(), "a Helm release"),
            (ONE.replace('-', "%2D").into_bytes(), "a URL"),
            (escaped(|byte| format!("%{byte:02x}")), "a URL, all of it"),
            (ONE.replace('-', "\\u002d").into_bytes(), "JSON"),
            (escaped(|byte| format!("\\u00{byte:02X}")), "JSON, all of it"),
            (ONE.replace('-', "&#45;").into_bytes(), "HTML"),
            (gzip(format!("log {ONE}").as_bytes()), "gzip"),
            (gzip(&gzip(format!("log {ONE}").as_bytes())), "gzip twice"),
        ] {
            assert_eq!(found(&text), [ONE], "{how}");
        }
        for (bytes, word) in [
            (&b"\x28\xb5\x2f\xfd rest"[..], "zstd"),
            (b"PK\x03\x04 rest", "zip"),
            (b"BZh91AY rest", "bzip2"),
            (b"\xfd7zXZ\0 rest", "xz"),
            (&gzip(ONE.as_bytes())[..30], "decompressed"),
        ] {
            let mut scan = Scan::default();
            scan.read(bytes).unwrap();
            assert!(scan.unsearched.len() == 1 && scan.unsearched[0].contains(word), "{word}: {:?}", scan.unsearched);
        }
    }

    fn encoded(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let number =
                group.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for at in 0..=group.len() {
                text.push(char::from(ALPHABET[(number >> (18 - 6 * at)) as usize & 63]));
            }
        }
        while !text.len().is_multiple_of(4) {
            text.push('=');
        }
        text
    }

    #[test]
    fn secrets_are_found_whatever_surrounds_them_and_each_once() {
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for text in [
            format!("{ONE}{TWO}").into_bytes(),
            format!("LD={ONE}\nLD='{TWO}' # {ONE}").into_bytes(),
            format!(r#"{{"log":"\n{ONE}\n","url":"https://x:{TWO}@host"}}"#).into_bytes(),
            [b"\xff\xfe\x01 ", ONE.as_bytes(), b"\xe9", TWO.as_bytes()].concat(),
            utf_16(&format!("a {ONE} b {TWO}")),
        ] {
            assert_eq!(found(text), [ONE, TWO]);
        }
    }

    #[test]
    fn text_that_is_almost_a_secret_is_not_found() {
        for text in
            ["", "api-", &ONE[..39], &ONE.replace("api", "API"), &ONE.replace('f', "g"), &ONE.replace("-4f50", "4f50-")]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_secret_across_two_reads_is_found() {
        for before in [CHUNK - 45, CHUNK - 20, CHUNK - 1, CHUNK, 2 * CHUNK - 40] {
            assert_eq!(found(format!("{}{ONE}{TWO}", "a".repeat(before))), [ONE, TWO], "{before}");
        }
        // A reader that gives a byte at a time.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.0.len().min(1);
                self.0.read(&mut buffer[..count])
            }
        }
        let mut scan = Scan::default();
        scan.read(Slow(format!("x{ONE}").as_bytes())).unwrap();
        assert_eq!(scan.secrets.len(), 1);
    }

    #[test]
    fn other_keys_are_told_apart() {
        let mut scan = Scan::default();
        let text = ["sdk", "mob", "rel", "api", "sdk"].map(|prefix| ONE.replace("api", prefix)).join(" ");
        scan.read(text.as_bytes()).unwrap();
        let kinds: Vec<_> = scan.other_keys.iter().map(|key| (key.kind, key.last_four.as_str())).collect();
        assert_eq!(kinds, [(KeyKind::Sdk, "4a5b"), (KeyKind::Mobile, "4a5b"), (KeyKind::Relay, "4a5b")]);
        assert_eq!(scan.secrets.len(), 1);
        assert_eq!((KeyKind::of(ONE), KeyKind::of(&ONE.replace("api", "sdk"))), (None, Some(KeyKind::Sdk)));
    }
}
