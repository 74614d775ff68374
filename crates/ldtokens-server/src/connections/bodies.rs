//! A budget for the bodies that are arriving, so that clients which send theirs slowly keep nobody else waiting for long.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::connections::places::{Holders, Place, Places};

/// How many bodies may arrive at once.
const MAX_BODIES: usize = 256;

/// How many of them may come from one address.
const MAX_OF_ADDRESS: usize = 64;

/// How long a body may take to arrive while others wait for its place.
const MIN_TIME: Duration = Duration::from_secs(1);

/// A body that is arriving.
#[derive(Debug)]
pub(crate) struct ArrivingBody {
    address: Option<IpAddr>,
    began: Instant,
    /// Notified when it is to be given up.
    pub(crate) give_up: Notify,
}

/// Takes a place for a body from `address`. If none is free, waits until a body has arrived, or until the one that has taken
/// longest, and for at least a second, is given up.
pub(crate) async fn place(bodies: &Arc<Places<ArrivingBody>>, address: Option<IpAddr>) -> Place<ArrivingBody> {
    let body = || ArrivingBody { address, began: Instant::now(), give_up: Notify::new() };
    bodies.take(body, |arriving| make_room(arriving, address)).await
}

fn make_room(arriving: &Holders<ArrivingBody>, address: Option<IpAddr>) -> Option<Duration> {
    let of_address = |body: &&Arc<ArrivingBody>| body.address == address;
    let is_address_full = arriving.values().filter(of_address).count() >= MAX_OF_ADDRESS;
    if !is_address_full && arriving.len() < MAX_BODIES {
        return None;
    }
    let longest = arriving.values().find(|body| !is_address_full || of_address(body))?;
    let left = MIN_TIME.saturating_sub(longest.began.elapsed());
    if left.is_zero() {
        longest.give_up.notify_one();
    }
    Some(if left.is_zero() { MIN_TIME } else { left })
}
