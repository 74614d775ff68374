use std::time::Duration;

use ldtokens::{CallerIdentity, Client, Error as ApiError, Secret, Token, TokenId};

use crate::delivery::Delivery;
use crate::destination::{Destination, Handover};
use crate::rotation::error::{Error, NotDelivered, Stuck};
use crate::rotation::journal::{Journal, NewSecret, Step};
use crate::rotation::journals::{Journals, LockedJournal};
use crate::rotation::options::{Options, Strategy};
use crate::rotation::plan::{planned, read, resumed};
use crate::rotation::report::Report;
use crate::time;
use crate::verify::is_refusal;

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
        let on_step = Box::new(|_: &Journal| {});
        Self { client: client.clone(), id, known: None, caller: None, delivery, options, on_step }
    }

    /// Sets the token as it was just read, which saves a request.
    #[must_use]
    pub fn known(mut self, token: Token) -> Self {
        self.known = Some(token);
        self
    }

    /// Sets the identity of the client's credential, which saves a request.
    #[must_use]
    pub fn caller(mut self, identity: CallerIdentity) -> Self {
        self.caller = Some(identity);
        self
    }

    /// Sets a function that is called after each write of the journal.
    #[must_use]
    pub fn on_step(mut self, call: impl Fn(&Journal) + Send + Sync + 'a) -> Self {
        self.on_step = Box::new(call);
        self
    }

    pub(crate) fn id(&self) -> &TokenId {
        &self.id
    }

    /// Whether it rotates the token of the client's own credential, as far as that is known.
    pub(crate) fn is_own(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.token_id.as_ref() == Some(&self.id))
    }

    /// Starts the rotation, or continues one that was started earlier, as far as possible now. If a rotation to the same
    /// destinations was done and the old secret still works, that is reported, and nothing else is done.
    ///
    /// The future can be dropped at any point, with the same result as killing the program.
    ///
    /// # Errors
    /// [`Error`] says which step the rotation reached. Unless it says otherwise, run it again to continue.
    pub async fn run(self, journals: &Journals) -> Result<Report, Error> {
        let locked = journals.lock(&self.id)?;
        let mut run = Run::begin(self, locked).await?;
        run.finish().await
    }
}

/// The new secret, in this process's memory.
pub(crate) struct HeldSecret {
    pub(crate) secret: Secret,
    pub(crate) new: NewSecret,
    /// Whether the API has accepted it.
    pub(crate) is_checked: bool,
}

/// A running rotation.
pub(crate) struct Run<'a> {
    pub(crate) client: Client,
    pub(crate) id: TokenId,
    pub(crate) locked: LockedJournal,
    /// The journal of the token's previous rotation.
    pub(crate) earlier: Option<Journal>,
    pub(crate) journal: Journal,
    pub(crate) options: Options,
    pub(crate) caller: CallerIdentity,
    /// The token's member, and whether it is a service token, if it was read.
    member: Option<(String, bool)>,
    pub(crate) delivery: Delivery,
    pub(crate) held: Option<HeldSecret>,
    pub(crate) lost: u32,
    pub(crate) was_resumed: bool,
    /// Why the journal could not be written after a new secret was issued. Reported once the secret is delivered.
    pub(crate) write_error: Option<Error>,
    pub(crate) notes: Vec<String>,
    on_step: Box<dyn Fn(&Journal) + Send + Sync + 'a>,
}

impl<'a> Run<'a> {
    async fn begin(rotation: Rotation<'a>, mut locked: LockedJournal) -> Result<Self, Error> {
        let Rotation { client, id, known, caller, delivery, options, on_step } = rotation;
        let (under_way, earlier) = match locked.journal.take() {
            Some(journal) if journal.is_under_way() => (Some(journal), None),
            earlier => (None, earlier),
        };
        let caller = match caller {
            Some(caller) => caller,
            None => client.whoami().await.map_err(Error::api(under_way.as_ref().map(|journal| journal.step)))?,
        };
        let was_resumed = under_way.is_some();
        let mut token = None;
        let journal = match under_way {
            Some(journal) => resumed(journal, &options, delivery.places(), &caller)?,
            None => {
                let read = match known {
                    Some(known) => known,
                    None => read(&client, &id, earlier.as_ref()).await?,
                };
                planned(token.insert(read), &caller, &options, delivery.places())?
            }
        };
        let (member, held, write_error) = (None, None, None);
        let mut run = Self {
            client,
            id,
            locked,
            earlier,
            journal,
            options,
            caller,
            member,
            delivery,
            held,
            lost: 0,
            was_resumed,
            write_error,
            notes: Vec::new(),
            on_step,
        };
        if let Some(token) = &token {
            run.learn(token);
            run.look_back().await?;
            if run.journal.strategy == Strategy::Replace && !run.can_replace() {
                return Err(run.stuck(Stuck::OthersPersonal));
            }
        }
        Ok(run)
    }

    /// Within the overlap of an earlier reset, the same rotation is done, and another must be asked for.
    async fn look_back(&mut self) -> Result<(), Error> {
        let earlier = self.earlier.as_ref().filter(|earlier| earlier.strategy == Strategy::Reset);
        let Some(earlier) = earlier.cloned() else { return Ok(()) };
        let ends = earlier.old_ends_at.filter(|ends| *ends > self.now() && !earlier.ends_at_once());
        let is_reset = self.journal.strategy == Strategy::Reset;
        let Some(ends) = ends.filter(|_| is_reset && !self.options.again && !self.journal.ends_at_once()) else {
            return Ok(());
        };
        let new = std::mem::replace(&mut self.journal, earlier);
        if self.journal.places == new.places && self.prove().await.is_ok() {
            self.was_resumed = true;
            return Ok(());
        }
        Err(Error::EarlierOverlap { until: time::to_system_time(ends) })
    }

    async fn finish(&mut self) -> Result<Report, Error> {
        loop {
            match self.journal.step {
                Step::Retired => break,
                Step::Verified => {
                    if !self.end().await? {
                        break;
                    }
                }
                _ => self.advance().await?,
            }
            if self.write_error.is_some() && self.journal.step >= Step::Verified {
                break;
            }
        }
        if let Some(Error::Journal { path, reason }) = self.write_error.take() {
            return Err(Error::Journal { path, reason: format!("{reason}; the new secret is delivered and works") });
        }
        let notes = std::mem::take(&mut self.notes);
        Ok(Report::new(&self.journal, self.delivery.delivered(), self.was_resumed, self.now(), notes))
    }

    /// Gets a new secret, or hands out the one that there is.
    async fn advance(&mut self) -> Result<(), Error> {
        if self.held.is_none() {
            self.find().await?;
        }
        if self.held.is_some() {
            return self.hand_out().await;
        }
        // All was delivered, and nothing can be read back to be checked.
        if self.journal.step == Step::Delivered && self.delivery.readable().next().is_none() {
            self.mark_verified();
            return Ok(());
        }
        self.obtain().await
    }

    /// Delivers the new secret to each destination that does not have it, and checks that it works.
    async fn hand_out(&mut self) -> Result<(), Error> {
        let Some(held) = &self.held else { return Ok(()) };
        let (secret, handover) = (held.secret.clone(), self.handover());
        if !self.delivery.is_prepared() {
            self.delivery.prepare().await?;
            self.check_destinations().await?;
        }
        if self.journal.step >= Step::Delivered {
            self.delivery.skip_unreadable();
        }
        let deliveries = self.delivery.deliver(&secret, &handover).await;
        if deliveries.iter().any(|delivered| delivered.problem.is_some()) {
            let has_ended = self.journal.ends_at_once() && self.journal.strategy == Strategy::Reset;
            let old_ends_at = self.journal.old_ends_at.filter(|ends| *ends > self.now() && !has_ended);
            return Err(Error::NotDelivered(Box::new(NotDelivered {
                token_id: self.journal.token_id.clone(),
                deliveries,
                old_ends_at: old_ends_at.map(time::to_system_time),
            })));
        }
        self.record(Step::Delivered);
        match self.is_accepted().await {
            Ok(true) => {
                self.mark_verified();
                Ok(())
            }
            Ok(false) => Err(self.stuck(Stuck::Refused)),
            Err(source) => Err(self.api(source)),
        }
    }

    fn handover(&self) -> Handover {
        let ends = self.journal.old_ends_at.filter(|_| !self.journal.ends_at_once());
        Handover {
            token_id: self.journal.new.as_ref().map_or_else(String::new, |new| new.token_id.clone()),
            name: self.journal.name.clone().unwrap_or_default(),
            old_expires: ends.map(time::format).unwrap_or_default(),
        }
    }

    fn mark_verified(&mut self) {
        self.journal.rotated_at = Some(self.now());
        self.record(Step::Verified);
    }

    /// Whether the API accepts the new secret as the new token's.
    pub(crate) async fn is_accepted(&mut self) -> Result<bool, ApiError> {
        let Some(held) = &self.held else { return Ok(false) };
        if held.is_checked {
            return Ok(true);
        }
        let (secret, id) = (held.secret.clone(), held.new.token_id.clone());
        let is_accepted = self.is_secret_of(&secret, &id).await?;
        self.held.iter_mut().for_each(|held| held.is_checked = is_accepted);
        Ok(is_accepted)
    }

    /// Whether the API accepts the secret as the token's. Its reads can lag behind its writes, so a refusal is believed only
    /// after `options.patience`.
    pub(crate) async fn is_secret_of(&self, secret: &Secret, id: &str) -> Result<bool, ApiError> {
        // It may have characters that no credential has.
        let Ok(client) = self.client.with_credential(secret.clone()) else { return Ok(false) };
        let mut waited = Duration::ZERO;
        for round in 0.. {
            match client.whoami().await {
                Ok(caller) => return Ok(caller.token_id.is_none_or(|owner| owner.as_str() == id)),
                Err(error @ ApiError::Unauthorized(_)) if waited >= self.options.patience => {
                    return if is_refusal(&error) { Ok(false) } else { Err(error) };
                }
                Err(ApiError::Unauthorized(_)) => waited += self.pause(round).await,
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last round returns")
    }

    /// Reads the token. `None` if it can't be seen.
    pub(crate) async fn token(&mut self) -> Result<Option<Token>, Error> {
        match self.client.get(&self.id).await {
            Ok(token) => {
                self.learn(&token);
                Ok(Some(token))
            }
            Err(ApiError::NotFound(_)) => Ok(None),
            Err(source) => Err(self.api(source)),
        }
    }

    /// Writes the step to the journal. Once a secret was issued the rotation continues even if that fails.
    pub(crate) fn record(&mut self, step: Step) {
        self.journal.step = step;
        self.write_error = self.write().err();
    }

    pub(crate) fn write(&mut self) -> Result<(), Error> {
        self.locked.write(&self.journal)?;
        (self.on_step)(&self.journal);
        Ok(())
    }

    /// The time by the API's clock.
    pub(crate) fn now(&self) -> i64 {
        time::from_system_time(self.client.server_time())
    }

    /// Returns the client to use after the delivery. If the old secret was the credential, the new one replaces it.
    pub(crate) fn acting(&self) -> Result<Client, Error> {
        match &self.held {
            Some(held) if held.is_checked && self.is_own() => {
                self.client.with_credential(held.secret.clone()).map_err(|source| self.api(source))
            }
            _ => Ok(self.client.clone()),
        }
    }

    fn is_own(&self) -> bool {
        self.caller.token_id.as_ref() == Some(&self.id)
    }

    /// Whether the caller can create a token like it. If that is not known, the request will show it.
    pub(crate) fn can_replace(&self) -> bool {
        let is_own_kind = self.member.as_ref().is_none_or(|(member, is_service)| {
            *is_service || self.caller.member_id.as_ref().is_none_or(|caller| caller == member)
        });
        is_own_kind && !self.journal.may_not_create
    }

    fn learn(&mut self, token: &Token) {
        self.member = Some((token.member_id.clone(), token.service_token.unwrap_or(false)));
    }

    pub(crate) fn stuck(&self, why: Stuck) -> Error {
        Error::Stuck { token_id: self.id.clone(), why }
    }

    pub(crate) fn api(&self, source: ApiError) -> Error {
        Error::Api { step: (self.journal.attempts > 0).then_some(self.journal.step), source }
    }

    /// Waits after attempt `n`, and returns how long.
    pub(crate) async fn pause(&self, n: u32) -> Duration {
        let pause = Duration::from_millis(100 << n.min(5)).min(self.options.patience);
        tokio::time::sleep(pause).await;
        pause
    }
}
