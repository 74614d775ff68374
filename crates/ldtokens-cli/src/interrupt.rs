//! Ctrl-C: what is under way is brought to its end, and nothing more is begun. A second one ends the program at once.

use tokio::sync::watch;

use crate::failure::{Failure, Kind};
use crate::say;
use crate::signals::Stops;

/// Whether the user wants to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let mut stops = Stops::listen()?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            stops.next().await;
            sender.send_replace(true);
            stops.next().await;
            say::error("stopped at once: it is not known whether the last request was carried out");
            std::process::exit(130);
        });
        Ok(Self(receiver))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        *self.0.borrow()
    }

    /// What `reading` gives, unless it is interrupted. Only for what changes nothing.
    pub(crate) async fn unless<T>(&self, reading: impl Future<Output = T>) -> Result<T, Failure> {
        let mut wanted = self.0.clone();
        tokio::select! {
            result = reading => Ok(result),
            _ = wanted.wait_for(|wanted| *wanted) => Err(Failure::new(Kind::Interrupted, "interrupted; nothing was changed")),
        }
    }

    /// What `writing` gives: it is waited for also when it is interrupted, so that what it did is known.
    pub(crate) async fn until_done<T>(&self, writing: impl Future<Output = T>) -> T {
        let mut wanted = self.0.clone();
        tokio::pin!(writing);
        tokio::select! {
            result = &mut writing => return result,
            _ = wanted.wait_for(|wanted| *wanted) => {}
        }
        say::note("waiting for the response to the last request; press Ctrl-C again to stop at once");
        writing.await
    }
}
