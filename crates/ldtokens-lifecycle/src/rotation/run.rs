use ldtokens::{CallerIdentity, Client, Error as ApiError, Secret, Token, TokenId, UnixMillis};

use crate::delivery::{Delivery, Replaceable};
use crate::destinations::{Delivered, Metadata};
use crate::error::{Error, Reason, Step};
use crate::rotation::journal::{Journal, LockedJournal, Strategy};
use crate::rotation::replacement::time;
use crate::rotation::{Options, Report, Rotation};
use crate::verify::{Lag, identity_of};

/// A running rotation.
pub(crate) struct Run<'a> {
    pub(crate) client: Client,
    pub(crate) id: TokenId,
    pub(crate) locked: LockedJournal,
    /// The journal of the token's previous rotation.
    pub(crate) earlier: Option<Journal>,
    pub(crate) journal: Journal,
    /// The expiry that an earlier run gave the old token, which another overlap changes.
    pub(crate) given_expiry: Option<UnixMillis>,
    /// When the token expires, if it was read at the start and does.
    pub(crate) expiry: Option<UnixMillis>,
    pub(crate) options: Options,
    pub(crate) caller: CallerIdentity,
    pub(crate) delivery: Delivery,
    /// The new secret, and whether the API has accepted it.
    pub(crate) held: Option<(Secret, bool)>,
    /// The number of lost responses.
    pub(crate) losses: u32,
    /// Whether the API refused to create a token.
    pub(crate) may_not_create: bool,
    pub(crate) was_resumed: bool,
    /// Whether another secret is asked for, although an earlier run has replaced the token.
    pub(crate) wants_another: bool,
    /// Whether this run verified the new secret.
    is_new: bool,
    /// Why the journal could not be written after a new secret was issued. Reported once the secret is delivered.
    write_error: Option<Error>,
    pub(crate) deliveries: Vec<Delivered>,
    pub(crate) notes: Vec<String>,
    /// Whether the destinations are known to hold the new secret, as they are unless something else was seen.
    pub(crate) is_held: bool,
    on_step: Box<dyn Fn(&Journal) + Send + Sync + 'a>,
}

impl<'a> Run<'a> {
    pub(crate) async fn begin(
        rotation: Rotation<'a>,
        locked: LockedJournal,
        found: Option<Journal>,
    ) -> Result<Self, Error> {
        let Rotation { client, id, known, caller, delivery, options, on_step } = rotation;
        let caller = match caller {
            Some(caller) => caller,
            None => client.whoami().await?,
        };
        let given_expiry = found.as_ref().and_then(Journal::given_expiry);
        let now = client.server_time().into();
        let is_in_overlap = found.as_ref().is_some_and(|it| it.is_waiting() && it.overlap_end(now).is_some());
        let wants_another = is_in_overlap && options.forced && !delivery.places().is_empty();
        let (earlier, journal, token) = match found {
            Some(journal) if journal.is_under_way() => {
                (None, journal.resumed(&caller, &options, delivery.places())?, None)
            }
            earlier => {
                let token = match known {
                    Some(known) => known,
                    None => client.get(&id).await.map_err(|source| is_replaced(source, earlier.as_ref()))?,
                };
                let journal = Journal::planned(&token, &caller, &options, delivery.places())?;
                (earlier, journal, Some(token))
            }
        };
        let mut run = Self {
            client,
            id,
            locked,
            earlier,
            journal,
            given_expiry,
            expiry: token.as_ref().and_then(|token| token.expiry),
            options,
            caller,
            delivery,
            held: None,
            losses: 0,
            may_not_create: false,
            was_resumed: token.is_none(),
            wants_another,
            is_new: false,
            write_error: None,
            deliveries: Vec::new(),
            notes: Vec::new(),
            is_held: true,
            on_step,
        };
        if let Some(token) = &token {
            run.check_expiry()?;
            run.find_earlier_reset(token).await?;
            if run.journal.strategy == Strategy::Replace {
                run.require_replaceable(token)?;
            }
        }
        Ok(run)
    }

    /// Makes the checks that [`finish`](Self::finish) makes before it changes anything.
    pub(crate) async fn check(mut self) -> Result<(), Error> {
        let is_over = self.journal.overlap_end(self.now()).is_none();
        match self.journal.step {
            Step::Retired => Ok(()),
            Step::Verified if is_over || self.journal.strategy == Strategy::Reset => Ok(()),
            Step::Verified if !self.options.forced => self.confirm_earlier_run().await,
            _ => self.prepare().await,
        }
    }

    pub(crate) async fn finish(mut self) -> Result<Report, Error> {
        while self.write_error.is_none() || self.journal.step < Step::Verified {
            let goes_on = match self.journal.step {
                Step::Retired => false,
                Step::Verified => self.retire().await?,
                _ => self.advance().await.map(|()| true)?,
            };
            if !goes_on {
                break;
            }
        }
        if let Some(mut error) = self.write_error.take() {
            error.text += "; the new secret is delivered and works";
            return Err(error);
        }
        self.journal.old_ends_at = self.journal.overlap_end(self.now());
        let Self { journal, deliveries, was_resumed, is_new, is_held, notes, .. } = self;
        Ok(Report { journal, deliveries, was_resumed, is_new, is_held, notes })
    }

    /// Gets a new secret, or delivers the one that there is.
    async fn advance(&mut self) -> Result<(), Error> {
        if self.held.is_none() {
            self.find().await?;
        }
        if let Some((secret, _)) = self.held.clone() {
            return self.deliver(&secret).await;
        }
        // All was delivered, and nothing can be read back to be checked.
        let is_kept = self.delivery.files().next().is_none() && self.delivery.ephemeral().is_none();
        if self.journal.step == Step::Delivered && is_kept {
            self.record_verified();
            return Ok(());
        }
        self.obtain().await
    }

    /// Makes certain that a secret can be delivered, and refuses to overwrite what is not a secret of this rotation's tokens.
    pub(crate) async fn prepare(&mut self) -> Result<(), Error> {
        let tokens: Vec<TokenId> =
            self.journal.new_token_id().into_iter().chain(self.journal.ending()).cloned().collect();
        let journals = [Some(&self.journal), self.earlier.as_ref()].into_iter().flatten();
        let last_fours = journals.flat_map(|journal| {
            [&journal.old.last_four].into_iter().chain(journal.new.as_ref().map(|new| &new.last_four))
        });
        let last_fours: Vec<String> = last_fours.cloned().collect();
        let replaceable = Replaceable { tokens: &tokens, last_fours: &last_fours, anything: self.options.overwrites };
        self.delivery.prepare(&self.client, replaceable).await
    }

    /// Delivers the new secret to each destination that does not have it, and checks that it works.
    async fn deliver(&mut self, secret: &Secret) -> Result<(), Error> {
        self.prepare().await?;
        match self.accept().await {
            Err(error) if error.reason == Reason::Refused => return Err(error),
            // A secret that arrived is delivered, whether or not it can be checked now.
            _ => {}
        }
        if self.journal.step >= Step::Delivered {
            self.delivery.skip_unreadable();
        }
        self.deliver_secret(secret).await?;
        self.record(Step::Delivered);
        self.accept().await?;
        self.record_verified();
        Ok(())
    }

    async fn deliver_secret(&mut self, secret: &Secret) -> Result<(), Error> {
        let ends = self.journal.old_ends_at.filter(|_| !self.journal.ends_at_once());
        let metadata = Metadata {
            token_id: self.journal.new_token_id().map(TokenId::to_string).unwrap_or_default(),
            name: self.journal.name.clone().unwrap_or_default(),
            old_expires: ends.map(time).unwrap_or_default(),
        };
        let deliveries = self.delivery.deliver(secret, &metadata).await;
        if deliveries.iter().all(|delivered| delivered.problem.is_none()) {
            self.deliveries = deliveries.into_iter().filter(|delivered| !delivered.was_held).collect();
            return Ok(());
        }
        let mut text = format!("the token {} has a new secret, which was not delivered to all destinations", self.id);
        for delivery in &deliveries {
            text += &format!("; {}: {}", delivery.label, delivery.problem.as_deref().unwrap_or("delivered"));
        }
        text += &format!("; the old secret {}", self.old_state());
        Err(Error { deliveries, ..Error::new(Reason::NotDelivered, text) })
    }

    /// Whether the old secret works, as in "works until ...".
    pub(crate) fn old_state(&self) -> String {
        let has_ended = self.journal.ends_at_once() && self.journal.strategy == Strategy::Reset;
        match self.journal.old_ends_at.filter(|ends| *ends > self.now() && !has_ended) {
            Some(until) => format!("works until {}", time(until)),
            None => "has stopped working".to_owned(),
        }
    }

    /// Delivers a secret that was delivered before to the destinations that each run has to give it to.
    pub(crate) async fn deliver_again(&mut self) -> Result<(), Error> {
        let Some(label) = self.delivery.ephemeral() else { return Ok(()) };
        let Some((secret, _)) = self.held.clone() else {
            let text = format!("the new secret can't be read anywhere to be delivered again, to {label}");
            return Err(Error::new(Reason::NotHeld, text));
        };
        self.prepare().await?;
        if self.locked.is_check() {
            return Ok(());
        }
        self.delivery.skip_unreadable();
        self.deliver_secret(&secret).await
    }

    fn record_verified(&mut self) {
        self.is_new = true;
        self.journal.rotated_at = Some(self.now());
        self.record(Step::Verified);
    }

    /// Makes certain that the API accepts the new secret as the new token's.
    async fn accept(&mut self) -> Result<(), Error> {
        if let (Some((secret, false)), Some(new)) = (&self.held, &self.journal.new)
            && !self.is_secret_of(secret, &new.token_id).await?
        {
            let id = &self.id;
            let text = format!(
                "the API refuses the new secret that it gave for the token {id}. Destinations keep what they have"
            );
            return Err(Error::new(Reason::Refused, text));
        }
        self.held.iter_mut().for_each(|(_, is_accepted)| *is_accepted = true);
        Ok(())
    }

    /// Whether the API accepts the secret as the token's. Its reads can lag behind its writes, so a refusal is believed only
    /// after `options.read_lag`.
    pub(crate) async fn is_secret_of(&self, secret: &Secret, id: &TokenId) -> Result<bool, Error> {
        let mut lag = Lag::new(self.options.read_lag);
        loop {
            match identity_of(&self.client, secret).await {
                Ok(Some(caller)) => return Ok(caller.token_id.is_none_or(|owner| owner == *id)),
                Ok(None) | Err(ApiError::Unauthorized(_)) if lag.may_last().await => {}
                Ok(None) => return Ok(false),
                Err(source) => return Err(self.api(source)),
            }
        }
    }

    /// Reads the token. `None` if it can't be seen.
    pub(crate) async fn token(&self) -> Result<Option<Token>, Error> {
        match self.client.get(&self.id).await {
            Ok(token) => Ok(Some(token)),
            Err(ApiError::NotFound(_)) => Ok(None),
            Err(source) => Err(self.api(source)),
        }
    }

    /// The same, where it must be there.
    pub(crate) async fn present_token(&self) -> Result<Token, Error> {
        let gone = || format!("the token {} is not there any more, or this credential can't see it", self.id);
        self.token().await?.ok_or_else(|| Error::new(Reason::Gone, gone()))
    }

    /// Writes the step to the journal. Once a secret was issued the rotation continues even if that fails.
    pub(crate) fn record(&mut self, step: Step) {
        self.journal.step = step;
        self.write_error = self.write().err();
    }

    pub(crate) fn write(&self) -> Result<(), Error> {
        self.locked.write(Some(&self.journal))?;
        (self.on_step)(&self.journal);
        Ok(())
    }

    /// The time by the API's clock.
    pub(crate) fn now(&self) -> UnixMillis {
        self.client.server_time().into()
    }

    /// Returns the client to use after the delivery. If the old secret was the credential, the new one replaces it.
    pub(crate) fn acting_client(&self) -> Result<Client, Error> {
        match &self.held {
            Some((secret, true)) if self.caller.token_id.as_ref() == Some(&self.id) => {
                self.client.with_credential(secret.clone()).map_err(|source| self.api(source))
            }
            _ => Ok(self.client.clone()),
        }
    }

    pub(crate) fn api(&self, source: ApiError) -> Error {
        Error::api((self.journal.attempts > 0).then_some(self.journal.step), source)
    }
}

/// The error of reading a token. If it was replaced, it names its replacement.
fn is_replaced(source: ApiError, earlier: Option<&Journal>) -> Error {
    match (&source, earlier) {
        (ApiError::NotFound(_), Some(Journal { strategy: Strategy::Replace, new: Some(new), .. })) => {
            Error::new(Reason::Replaced, format!("the token was replaced by {} and is deleted", new.token_id))
        }
        _ => source.into(),
    }
}
