use std::io::Read;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};

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
        (BASE64_URL_SAFE_NO_PAD.encode(format!("{ONE}???>")).into_bytes(), "a part of a URL"),
        (wrapped(encoded(format!("password={ONE}").as_bytes())), "base64 over several lines"),
        (encoded(encoded(format!("{{{ONE}}}").as_bytes()).as_bytes()).into_bytes(), "base64 twice"),
        (encoded(&gzip(ONE.as_bytes())).into_bytes(), "a Helm release"),
        (ONE.replace('-', "%2D").into_bytes(), "a URL"),
        (escaped(|byte| format!("%{byte:02x}")), "a URL, all of it"),
        (ONE.replace('-', "\\u002d").into_bytes(), "JSON"),
        (escaped(|byte| format!("\\u00{byte:02X}")), "JSON, all of it"),
        (ONE.replace('-', "&#45;").into_bytes(), "HTML"),
        (ONE.replace('-', "%252d").into_bytes(), "a URL in a URL"),
        (ONE.replace('-', "\\\\u002d").into_bytes(), "JSON in JSON"),
        (ONE.replace('-', "&amp;#45;").into_bytes(), "HTML in HTML"),
        (ONE.replace('-', "&#37;2D").into_bytes(), "a URL in HTML"),
        (encoded(ONE.replace('-', "%252d").as_bytes()).into_bytes(), "a URL in a URL in base64"),
        (encoded(format!("a={ONE}").as_bytes()).replace('M', "M\\n").into_bytes(), "base64 over several lines in JSON"),
        (format!("{}=\r\n{}", &ONE[..20], &ONE[20..]).into_bytes(), "an e-mail"),
        (format!("{}=\n{}", &ONE[..9], &ONE[9..]).into_bytes(), "an e-mail, from Unix"),
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
        (b"7z\xbc\xaf\x27\x1c rest", "7-Zip"),
        (b"Rar!\x1a\x07\x01\0 rest", "rar"),
        (b"\x04\x22\x4d\x18 rest", "lz4"),
        (b"LZIP\x01 rest", "lzip"),
        (&gzip(ONE.as_bytes())[..30], "decompressed"),
        (&[&[b' '; 3 * CHUNK - 512][..], &gzip(b"layer")].concat(), "gzip"),
    ] {
        let mut scan = Scan::default();
        scan.read(bytes).unwrap();
        assert!(scan.unsearched.len() == 1 && scan.unsearched[0].contains(word), "{word}: {:?}", scan.unsearched);
    }
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
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
