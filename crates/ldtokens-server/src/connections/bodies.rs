//! A budget for the bodies that are arriving, so that clients which send theirs slowly keep nobody else waiting for long.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How many bodies may arrive at once.
const MAX_BODIES: usize = 256;

/// How many of them may come from one address.
const MAX_OF_ADDRESS: usize = 64;

/// How long a body may take to arrive while others wait for its place.
const MIN_TIME: Duration = Duration::from_secs(1);

/// The bodies that are arriving.
#[derive(Debug, Default)]
pub(crate) struct ArrivingBodies {
    arriving: Mutex<Arriving>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct Arriving {
    next: u64,
    /// In the order in which they began.
    bodies: BTreeMap<u64, ArrivingBody>,
}

#[derive(Debug)]
struct ArrivingBody {
    address: Option<IpAddr>,
    began: Instant,
    give_up: Arc<Notify>,
}

/// The place of one body. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct BodyPlace<'a> {
    number: u64,
    bodies: &'a ArrivingBodies,
    give_up: Arc<Notify>,
}

impl ArrivingBodies {
    /// Takes a place for a body from `address`. If none is free, waits until a body has arrived, or until the one that has taken
    /// longest, and for at least a second, is given up.
    pub(crate) async fn place(&self, address: Option<IpAddr>) -> BodyPlace<'_> {
        loop {
            let ended = self.ended.notified();
            match self.take(address) {
                Ok(place) => return place,
                Err(wait) => drop(tokio::time::timeout(wait, ended).await),
            }
        }
    }

    /// Takes a free place. If there is none, returns how long to wait at most.
    fn take(&self, address: Option<IpAddr>) -> Result<BodyPlace<'_>, Duration> {
        let mut arriving = self.arriving();
        let of_address = |body: &&ArrivingBody| body.address == address;
        let is_address_full = arriving.bodies.values().filter(of_address).count() >= MAX_OF_ADDRESS;
        if is_address_full || arriving.bodies.len() >= MAX_BODIES {
            let longest = arriving.bodies.values().find(|body| !is_address_full || of_address(body));
            let left = longest.map_or(MIN_TIME, |body| MIN_TIME.saturating_sub(body.began.elapsed()));
            if let Some(longest) = longest.filter(|_| left.is_zero()) {
                longest.give_up.notify_one();
            }
            return Err(if left.is_zero() { MIN_TIME } else { left });
        }
        let (number, give_up) = (arriving.next, Arc::new(Notify::new()));
        arriving.next += 1;
        let body = ArrivingBody { address, began: Instant::now(), give_up: give_up.clone() };
        arriving.bodies.insert(number, body);
        Ok(BodyPlace { number, bodies: self, give_up })
    }

    fn arriving(&self) -> MutexGuard<'_, Arriving> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyPlace<'_> {
    /// Waits until the body is to be given up.
    pub(crate) async fn give_up_requested(&self) {
        self.give_up.notified().await;
    }
}

impl Drop for BodyPlace<'_> {
    fn drop(&mut self) {
        self.bodies.arriving().bodies.remove(&self.number);
        self.bodies.ended.notify_waiters();
    }
}
