use sha2::{Digest, Sha256};

/// Returns 64 bits of the SHA-256 of `bytes`, as hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
