//! Rotation: a token's new secret is issued, delivered and verified before the old one ends.

mod find;
mod issue;
mod journal;
mod replacement;
mod retire;
mod run;

use std::time::Duration;

use ldtokens::{CallerIdentity, Client, Token, TokenId};

pub use journal::{Journal, Journals, Strategy};
pub use replacement::{has_marker, noted_time, without_notes};

use crate::delivery::Delivery;
use crate::destinations::{Delivered, Destination};
use crate::error::Error;
use crate::rotation::run::Run;

/// How to rotate. What is None is, for a rotation that was started, as it was then.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How the token gets its new secret. Default: a reset.
    pub strategy: Option<Strategy>,
    /// How long the old secret keeps working, to the millisecond. Default: 24 hours. Zero ends it as soon as possible: a reset
    /// ends it before the new one is delivered, a replacement after.
    pub overlap: Option<Duration>,
    /// How long a replacement works. By default as long as its predecessor was made to.
    pub lifetime: Option<Duration>,
    /// Whether to get another secret although the last one is lost, within the overlap of an earlier rotation, with other
    /// destinations, or after many replacements that were not delivered. It may end an old secret early.
    pub forced: bool,
    /// Whether to overwrite a destination whatever it holds.
    pub overwrites: bool,
    /// How long the API may take to carry out a request whose response was lost. Default: 20 seconds. Until then a reset is not
    /// repeated.
    pub write_lag: Duration,
    /// How long the API's reads can lag behind its writes. Default: 30 seconds. So long a new secret may be refused before it counts
    /// as one that does not work.
    pub read_lag: Duration,
    /// Whether to write the time of the rotation into the token's description, for schedules that keep no journal.
    pub notes_time: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: None,
            overlap: None,
            lifetime: None,
            forced: false,
            overwrites: false,
            write_lag: Duration::from_secs(20),
            read_lag: Duration::from_secs(30),
            notes_time: false,
        }
    }
}

/// The result of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How far the rotation has come: to [`Step::Retired`](crate::Step), or to `Verified` if the old token is still there. The end of the
    /// old secret is None if it has stopped working.
    pub journal: Journal,
    /// The destinations that this run delivered to. None, if all had the new secret.
    pub deliveries: Vec<Delivered>,
    /// Whether the rotation was started by an earlier run.
    pub was_resumed: bool,
    /// Whether this run verified the new secret. Otherwise an earlier run did, and this one confirmed, delivered again or ended it.
    pub is_new: bool,
    /// Whether the destinations hold the new secret, and it works. Otherwise it is lost, but the old token had expired, and so the
    /// rotation is over.
    pub is_held: bool,
    /// What else happened that someone may want to know. No secret is in it.
    pub notes: Vec<String>,
}

/// Gives a token a new secret and delivers it.
pub struct Rotation<'a> {
    client: Client,
    id: TokenId,
    known: Option<Token>,
    caller: Option<CallerIdentity>,
    delivery: Delivery,
    options: Options,
    on_step: Box<dyn Fn(&Journal) + Send + Sync + 'a>,
}

impl<'a> Rotation<'a> {
    /// Returns a rotation of the token `id`. Its new secret goes to the destinations, to those that can be read back first.
    pub fn new(client: &Client, id: TokenId, destinations: Vec<Box<dyn Destination>>, options: Options) -> Self {
        let delivery = Delivery::new(destinations);
        Self { client: client.clone(), id, known: None, caller: None, delivery, options, on_step: Box::new(|_| {}) }
    }

    /// Sets the token as it was just read, which saves a request.
    #[must_use]
    pub fn known(self, token: Token) -> Self {
        Self { known: Some(token), ..self }
    }

    /// Sets the identity of the client's credential, which saves a request.
    #[must_use]
    pub fn caller(self, identity: CallerIdentity) -> Self {
        Self { caller: Some(identity), ..self }
    }

    /// Sets a function that is called after each write of the journal.
    #[must_use]
    pub fn on_step(self, call: impl Fn(&Journal) + Send + Sync + 'a) -> Self {
        Self { on_step: Box::new(call), ..self }
    }

    /// Starts the rotation, or continues one that was started earlier, as far as possible now. If a rotation to the same
    /// destinations was done and the old secret still works, that is reported, and nothing else is done.
    ///
    /// The future can be dropped at any point, with the same result as killing the program.
    ///
    /// # Errors
    /// [`Error`] says which step the rotation reached. Unless it says otherwise, run it again to continue.
    pub async fn run(self, journals: &Journals) -> Result<Report, Error> {
        let (locked, journal) = journals.lock(&self.id)?;
        Run::begin(self, locked, journal).await?.finish().await
    }

    /// Makes the checks that [`run`](Self::run) makes before it changes anything: of the options, the destinations, and what they
    /// hold. Changes nothing. Files are locked meanwhile.
    ///
    /// # Errors
    /// Why [`run`](Self::run) would be refused.
    pub async fn check(self, journals: &Journals) -> Result<(), Error> {
        let (unlocked, journal) = journals.peek(&self.id)?;
        Run::begin(self, unlocked, journal).await?.check().await
    }
}
