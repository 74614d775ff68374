//! Random cases.
//!
//! Each run uses the same seeds. A failure prints the seed of its case; `LDTOKENS_SEED=SEED` starts a run there, and
//! `LDTOKENS_SEED=random` at a random one. With `LDTOKENS_AT_LENGTH` set, there are twenty times as many.

use std::panic::Location;

use fastrand::Rng;

/// Returns `count` successive seeds, or more at length.
pub fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = match std::env::var("LDTOKENS_SEED") {
        Err(_) => 0,
        Ok(seed) if seed == "random" => fastrand::u64(..),
        Ok(seed) => seed.parse().unwrap(),
    };
    let count = if std::env::var_os("LDTOKENS_AT_LENGTH").is_some() { count * 20 } else { count };
    (0..count).map(move |number| first.wrapping_add(number))
}

/// Prints the seed of a case that fails.
pub struct Case(u64, &'static Location<'static>);

impl Case {
    #[track_caller]
    pub fn of(seed: u64) -> (Self, Rng) {
        (Self(seed, Location::caller()), Rng::with_seed(seed))
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat it, set LDTOKENS_SEED={} ({})", self.0, self.1);
        }
    }
}

pub fn choice<T: Clone>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())].clone()
}
