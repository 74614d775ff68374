//! Delivers the new secret to the destinations and verifies that it works.

use std::time::Duration;

use ldtokens::{Error as ApiError, Secret};

use crate::destination::{Destination, Handover, Prepared};
use crate::rotation::error::{Error, NotDelivered, Stuck};
use crate::rotation::journal::Step;
use crate::rotation::options::Strategy;
use crate::rotation::report::Delivery;
use crate::rotation::run::Run;
use crate::time;

/// The number of attempts for each delivery. Many, because the secret exists nowhere else.
const MAX_TRIES: u32 = 3;

/// A destination and its state in this run.
pub(crate) struct Target {
    pub(crate) destination: Box<dyn Destination>,
    prepared: Option<Prepared>,
    /// Whether this process has delivered to it.
    pub(crate) is_delivered: bool,
}

impl Target {
    pub(crate) fn new(destination: Box<dyn Destination>) -> Self {
        Self { destination, prepared: None, is_delivered: false }
    }

    pub(crate) fn label(&self) -> String {
        self.destination.label()
    }

    /// Returns the secret that the destination holds.
    pub(crate) fn read(&self) -> Result<Option<Secret>, Error> {
        self.destination.read().map_err(|reason| Error::Destination { label: self.label(), reason })
    }

    fn has(&self, secret: &Secret) -> bool {
        match self.destination.is_readable() {
            true => self.destination.read().is_ok_and(|held| held.as_ref() == Some(secret)),
            false => self.is_delivered,
        }
    }
}

impl Run<'_> {
    /// Refuses to overwrite a secret of another token.
    pub(crate) fn check_destinations(&self) -> Result<(), Error> {
        for target in &self.targets {
            let other = target.read()?.filter(|secret| secret.last_four() != self.journal.old.last_four);
            if other.is_some() && !self.options.force {
                return Err(Error::OtherSecret { label: target.label() });
            }
        }
        Ok(())
    }

    /// Prepares each destination, so that a new secret can be delivered.
    pub(crate) fn prepare(&mut self) -> Result<(), Error> {
        for target in &mut self.targets {
            let prepared = target.destination.prepare();
            target.prepared =
                Some(prepared.map_err(|reason| Error::Destination { label: target.destination.label(), reason })?);
            target.is_delivered = false;
        }
        Ok(())
    }

    pub(crate) fn unprepare(&mut self) {
        for target in &mut self.targets {
            target.prepared = None;
        }
    }

    /// Whether all destinations have the new secret. One that can't be read back has it if the journal says so.
    pub(crate) fn is_everywhere(&self) -> bool {
        let Some(held) = &self.held else { return false };
        let is_noted = self.journal.step >= Step::Delivered;
        self.targets.iter().all(|target| (is_noted && !target.destination.is_readable()) || target.has(&held.secret))
    }

    /// Delivers the new secret to each destination that does not have it.
    pub(crate) async fn deliver(&mut self) -> Result<(), Error> {
        let Some(held) = &self.held else { return Ok(()) };
        let (secret, handover) = (held.secret.clone(), self.handover());
        let is_noted = self.journal.step >= Step::Delivered;
        let mut deliveries = Vec::new();
        for target in &mut self.targets {
            let is_done = (is_noted && !target.destination.is_readable()) || target.has(&secret);
            let problem = if is_done { None } else { deliver_to(target, &secret, &handover).await.err() };
            deliveries.push(Delivery { label: target.label(), problem });
        }
        if deliveries.iter().all(|delivery| delivery.problem.is_none()) {
            return Ok(());
        }
        let old_ends_at = self.journal.old_ends_at.filter(|ends| *ends > self.now() && !self.has_ended_old());
        Err(Error::NotDelivered(Box::new(NotDelivered {
            token_id: self.journal.token_id.clone(),
            deliveries,
            old_ends_at: old_ends_at.map(time::to_system_time),
        })))
    }

    /// Whether the old secret ended with the request for the new one.
    fn has_ended_old(&self) -> bool {
        self.journal.ends_at_once() && self.journal.strategy == Strategy::Reset
    }

    fn handover(&self) -> Handover {
        let ends = self.journal.old_ends_at.filter(|_| !self.journal.ends_at_once());
        Handover {
            token_id: self.journal.new.as_ref().map_or_else(String::new, |new| new.token_id.clone()),
            name: self.journal.name.clone().unwrap_or_default(),
            old_expires: ends.map(time::format).unwrap_or_default(),
        }
    }

    /// Checks that the API accepts the new secret before it replaces one that works.
    pub(crate) async fn check_new(&mut self) -> Result<(), Error> {
        match self.is_accepted().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.stuck(Stuck::Refused)),
            // A secret that arrived is delivered, whether or not it can be checked now.
            Err(_) => Ok(()),
        }
    }

    /// Checks that the delivered secret works.
    pub(crate) async fn verify(&mut self) -> Result<(), Error> {
        match self.is_accepted().await {
            Ok(true) => {
                self.mark_verified();
                Ok(())
            }
            Ok(false) => Err(self.stuck(Stuck::Refused)),
            Err(source) => Err(self.api(source)),
        }
    }

    pub(crate) fn mark_verified(&mut self) {
        self.journal.rotated_at = Some(self.now());
        self.record(Step::Verified);
    }

    /// Whether the API accepts the new secret as the new token's. Its reads can lag behind its writes, so the check is
    /// repeated for `options.patience`.
    async fn is_accepted(&mut self) -> Result<bool, ApiError> {
        let Some(held) = &mut self.held else { return Ok(false) };
        if held.is_checked {
            return Ok(true);
        }
        let client = self.client.with_credential(held.secret.clone())?;
        let mut waited = Duration::ZERO;
        for round in 0.. {
            match client.whoami().await {
                Ok(identity) => {
                    held.is_checked = identity.token_id.is_none_or(|id| id.as_str() == held.new.token_id);
                    return Ok(held.is_checked);
                }
                Err(ApiError::Unauthorized(_)) if waited < self.options.patience => {
                    let pause = Run::pause(round);
                    tokio::time::sleep(pause).await;
                    waited += pause;
                }
                Err(ApiError::Unauthorized(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last round returns")
    }
}

/// Delivers to one destination, with retries.
async fn deliver_to(target: &mut Target, secret: &Secret, handover: &Handover) -> Result<(), String> {
    for attempt in 1.. {
        let result = deliver_once(target, secret, handover).await;
        match result {
            Ok(()) => {
                target.is_delivered = true;
                break;
            }
            Err(problem) if attempt == MAX_TRIES => return Err(problem),
            Err(_) => tokio::time::sleep(Run::pause(attempt)).await,
        }
    }
    match target.has(secret) {
        true => Ok(()),
        false => Err("after the delivery it does not hold the new secret".to_owned()),
    }
}

async fn deliver_once(target: &mut Target, secret: &Secret, handover: &Handover) -> Result<(), String> {
    let prepared = match target.prepared.take() {
        Some(prepared) => prepared,
        None => target.destination.prepare()?,
    };
    let (secret, handover) = (secret.clone(), handover.clone());
    // It may block on the disk or on a command.
    match tokio::task::spawn_blocking(move || prepared(&secret, &handover)).await {
        Ok(result) => result,
        Err(_) => Err("the delivery stopped unexpectedly".to_owned()),
    }
}
