//! Secrets that cannot be printed, and the fingerprints by which we name them instead.

use std::fmt;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use zeroize::Zeroize;

/// A value that is never printed, logged or serialised, and is wiped when dropped.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into keeping.
    pub fn new(value: T) -> Secret<T> {
        Secret(value)
    }
    /// Lends the value to the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A 128-bit keyed fingerprint of an identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u128);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The key under which identifiers are fingerprinted, so that whoever chooses a token's id cannot
/// choose its fingerprint. One per data directory.
///
/// Source: SipHash-1-3 with 128-bit output (Aumasson and Bernstein, 2012).
#[derive(Clone, Copy)]
pub struct FingerprintKey([u8; 16]);

impl FingerprintKey {
    /// The key of these 16 bytes, which must be random outside tests.
    pub const fn new(bytes: [u8; 16]) -> FingerprintKey {
        FingerprintKey(bytes)
    }

    /// The fingerprint of one identifier.
    pub fn fingerprint(&self, text: &[u8]) -> Fingerprint {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(text);
        Fingerprint(hasher.finish128().as_u128())
    }

    /// A 64-bit keyed hash, for checks and tables that are not security boundaries by themselves.
    pub fn hash64(&self, text: &[u8]) -> u64 {
        self.fingerprint(text).0 as u64
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}
