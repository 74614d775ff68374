//! Secrets, their hashes, and IDs.

use ldtokens_client::Secret;
use sha2::{Digest, Sha256};

/// The SHA-256 of a secret, which is all that the store has of it.
///
/// Secrets are random UUIDs, so nobody can find one by hashing guesses. The time that the search for a hash takes says nothing
/// about other secrets, since a caller can't choose how the hash of a secret starts.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A random secret in the vendor's form: `api-` and a UUID.
pub(crate) fn new_secret() -> Secret {
    Secret::new(format!("api-{}", new_uuid()))
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn new_uuid() -> String {
    let mut bytes: [u8; 16] = random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// A random ID in the vendor's form: 24 hexadecimal digits.
pub(crate) fn new_id() -> String {
    hex(&random::<12>())
}

/// An ID that is always the same for the same `kind` and `name`.
pub(crate) fn derived_id(kind: &str, name: &str) -> String {
    hex(&hash(&format!("{kind}/{name}"))[..12])
}

/// Whether `text` has the form of an ID.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_has_the_vendors_form() {
        let secret = super::new_secret();
        let uuid = secret.expose().strip_prefix("api-").unwrap();
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&uuid[14..15], "4");
        assert_ne!(super::new_secret(), secret);
    }
}
