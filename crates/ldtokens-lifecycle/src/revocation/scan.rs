//! Finds secrets in text by their format: `api-` and a UUID.

use std::io::{self, Read};

use ldtokens::Secret;

const PREFIX_LENGTH: usize = 4;

/// The lengths of a UUID's parts.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

const UUID_LENGTH: usize = 36;

const LENGTH: usize = PREFIX_LENGTH + UUID_LENGTH;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

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
        match form(text.as_bytes())? {
            Form::AccessToken => None,
            Form::Other(kind) => Some(kind),
        }
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
}

enum Form {
    AccessToken,
    Other(KeyKind),
}

impl Scan {
    /// Reads `from` to its end and keeps what is found. What surrounds a secret does not matter, and neither does the
    /// encoding: UTF-8, UTF-16 and binary files are searched alike. The text itself is not kept.
    ///
    /// # Errors
    /// If `from` can't be read. What was found before that is kept.
    pub fn read(&mut self, mut from: impl Read) -> io::Result<()> {
        let mut window: Vec<u8> = Vec::with_capacity(CHUNK + LENGTH);
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match from.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // In UTF-16 every second byte of plain text is zero.
            window.extend(chunk[..count].iter().filter(|byte| **byte != 0));
            let searched = self.search(&window);
            window.drain(..searched);
        }
    }

    /// Keeps what is found in `text`. Returns how many bytes need not be searched again when more text arrives.
    fn search(&mut self, text: &[u8]) -> usize {
        let mut at = 0;
        while at + LENGTH <= text.len() {
            match form(&text[at..at + LENGTH]) {
                // The surrounding text is ignored: missing a secret is worse than a false match.
                Some(form) => {
                    self.keep(&form, &text[at..at + LENGTH]);
                    at += LENGTH;
                }
                None => at += 1,
            }
        }
        at
    }

    fn keep(&mut self, form: &Form, text: &[u8]) {
        let secret = Secret::new(String::from_utf8_lossy(text));
        match form {
            Form::AccessToken => {
                if !self.secrets.contains(&secret) {
                    self.secrets.push(secret);
                }
            }
            Form::Other(kind) => {
                let key = OtherKey { kind: *kind, last_four: secret.last_four().to_owned() };
                if !self.other_keys.contains(&key) {
                    self.other_keys.push(key);
                }
            }
        }
    }
}

/// Whether `text` has the form of an access token's secret.
pub(crate) fn is_access_token(text: &str) -> bool {
    matches!(form(text.as_bytes()), Some(Form::AccessToken))
}

fn form(text: &[u8]) -> Option<Form> {
    let (prefix, uuid) = text.split_at_checked(PREFIX_LENGTH)?;
    let form = match prefix {
        b"api-" => Form::AccessToken,
        b"sdk-" => Form::Other(KeyKind::Sdk),
        b"mob-" => Form::Other(KeyKind::Mobile),
        b"rel-" => Form::Other(KeyKind::Relay),
        _ => return None,
    };
    is_uuid(uuid).then_some(form)
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
        for before in [CHUNK - 39, CHUNK - 20, CHUNK - 1, CHUNK, 2 * CHUNK - 40] {
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
