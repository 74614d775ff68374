pub(crate) mod admin;
pub(crate) mod fault;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::faults::fault::{Effect, Fault, InvalidFault};

/// What goes wrong at a server, which can change while it serves; [`Server::faults`](crate::Server::faults) gives it.
///
/// For the same seed and the same requests in the same order, the dice fall the same way.
#[derive(Debug)]
pub struct Faults {
    plan: Mutex<Plan>,
}

#[derive(Debug)]
struct Plan {
    faults: Vec<Fault>,
    dice: fastrand::Rng,
}

/// What is done to one request.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    pub(crate) delay: Duration,
    pub(crate) effect: Option<Effect>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { plan: Mutex::new(Plan { faults: Vec::new(), dice: fastrand::Rng::with_seed(seed) }) }
    }

    /// More faults, after those there are. All or none.
    ///
    /// # Errors
    /// [`InvalidFault`] for a fault that can never strike, or not as it says.
    pub fn add(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), InvalidFault> {
        let faults: Vec<Fault> = faults.into_iter().collect();
        faults.iter().try_for_each(Fault::check)?;
        self.plan().faults.extend(faults);
        Ok(())
    }

    /// From here on nothing goes wrong.
    pub fn clear(&self) {
        self.plan().faults.clear();
    }

    /// The faults that are still to strike, with the times that are left of each.
    pub fn left(&self) -> Vec<Fault> {
        self.plan().faults.clone()
    }

    /// What strikes a request to `operation`: all delays together, and of what else there is the first.
    pub(crate) fn strike(&self, operation: Option<&str>) -> Strike {
        let mut plan = self.plan();
        let Plan { faults, dice } = &mut *plan;
        let mut strike = Strike::default();
        for fault in faults.iter_mut() {
            let concerned = fault.operation.is_none() || fault.operation.as_deref() == operation;
            let is_delay = matches!(fault.effect, Effect::Delay(_));
            if concerned && fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            if !concerned || (strike.effect.is_some() && !is_delay) || dice.f64() >= fault.probability {
                continue;
            }
            match fault.effect {
                Effect::Delay(delay) => strike.delay += delay,
                effect => strike.effect = Some(effect),
            }
            fault.times = fault.times.map(|times| times.saturating_sub(1));
        }
        faults.retain(|fault| fault.times != Some(0));
        strike
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
