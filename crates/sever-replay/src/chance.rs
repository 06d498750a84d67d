//! Chance that is the same everywhere: named streams of ChaCha8 under the play's seed.
//!
//! Every part of a play draws from its own stream, so that changing one part leaves the others as
//! they were. Only integer arithmetic and IEEE basics are used: results differ on no platform, and
//! not with the version of a sampling crate either.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One stream of chance.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of this name under this seed.
    pub(crate) fn of(seed: u64, name: &str) -> Chance {
        let mut key = [0u8; 32];
        let words = key.chunks_exact_mut(8).zip([seed, hash(name.bytes()), seed.rotate_left(32), 0x5e7e_4a9c]);
        for (part, word) in words {
            part.copy_from_slice(&word.to_le_bytes());
        }
        Chance(ChaCha8Rng::from_seed(key))
    }

    /// A number below `end`; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // Multiply-shift: its bias is below 2⁻³² for the ranges used here.
        ((u128::from(self.0.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// A number in `from..=to`.
    pub(crate) fn within(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(to.saturating_sub(from).max(0) as u64 + 1) as i64
    }

    /// True in `per_mille` of a thousand cases.
    pub(crate) fn per_mille(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of these; `all` must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len() as u64) as usize;
        &all[at]
    }

    /// 128 bits.
    pub(crate) fn id(&mut self) -> u128 {
        u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64())
    }

    /// Puts them into another order.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// FNV-1a, for names and for scattering numbers; no secret depends on it.
pub(crate) fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// A number scattered: for choices that must be the same wherever they are asked.
pub(crate) fn scatter(number: u64) -> u64 {
    // The finaliser of splitmix64 (Steele, Lea and Flood 2014).
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
