//! Injected faults: which requests fail, and how.

pub(crate) mod fault;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::faults::fault::{Effect, Fault, InvalidFault};

/// The faults that a server injects. They can change while it runs; see [`Server::faults`](crate::Server::faults).
///
/// The same seed and the same requests in the same order give the same faults.
#[derive(Debug)]
pub struct Faults {
    /// Those that are left, and the source of their random choices.
    plan: Mutex<(Vec<Fault>, fastrand::Rng)>,
}

/// The fault that one request gets.
#[derive(Debug, Default)]
pub(crate) struct InjectedFault {
    pub(crate) delay: Duration,
    pub(crate) effect: Option<Effect>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { plan: Mutex::new((Vec::new(), fastrand::Rng::with_seed(seed))) }
    }

    /// Adds faults to the end of the list: all of them, or none if one is invalid.
    ///
    /// # Errors
    /// [`InvalidFault`] for a fault whose values are out of range, or whose operation does not exist.
    pub fn add(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), InvalidFault> {
        let faults: Vec<Fault> = faults.into_iter().collect();
        faults.iter().try_for_each(Fault::check)?;
        self.plan().0.extend(faults);
        Ok(())
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.plan().0.clear();
    }

    /// The faults that are left, each with the number of times that is left.
    pub fn left(&self) -> Vec<Fault> {
        self.plan().0.clone()
    }

    /// The fault for a request to `operation`: the sum of all delays, and the first other effect.
    pub(crate) fn inject(&self, operation: Option<&str>) -> InjectedFault {
        let mut plan = self.plan();
        let (faults, random) = &mut *plan;
        let mut injected = InjectedFault::default();
        for fault in faults.iter_mut() {
            let is_concerned = fault.operation.is_none() || fault.operation.as_deref() == operation;
            let is_delay = matches!(fault.effect, Effect::Delay(_));
            if is_concerned && fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            if !is_concerned || (injected.effect.is_some() && !is_delay) || random.f64() >= fault.probability {
                continue;
            }
            match fault.effect {
                Effect::Delay(delay) => injected.delay += delay,
                effect => injected.effect = Some(effect),
            }
            fault.times = fault.times.map(|times| times.saturating_sub(1));
        }
        faults.retain(|fault| fault.times != Some(0));
        injected
    }

    fn plan(&self) -> MutexGuard<'_, (Vec<Fault>, fastrand::Rng)> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
