use std::time::Duration;

use ldtokens::{CallerIdentity, Client, Secret, Token, TokenId};

use crate::destination::Destination;
use crate::rotation::deliver::Target;
use crate::rotation::error::{Error, Stuck};
use crate::rotation::journal::{Journal, NewSecret, Step, TokenState, VERSION};
use crate::rotation::journals::{Journals, LockedJournal};
use crate::rotation::next_step::{Action, next_step};
use crate::rotation::options::{Options, Strategy};
use crate::rotation::report::{Delivery, Report};
use crate::time;

/// Gives a token a new secret and delivers it.
pub struct Rotation<'a> {
    client: Client,
    id: TokenId,
    known: Option<Token>,
    caller: Option<CallerIdentity>,
    destinations: Vec<Box<dyn Destination>>,
    options: Options,
    on_step: Box<dyn Fn(&Journal) + Send + Sync + 'a>,
}

impl<'a> Rotation<'a> {
    /// Returns a rotation of the token `id`. Its new secret goes to the destinations, to those that can be read back first.
    pub fn new(client: &Client, id: TokenId, mut destinations: Vec<Box<dyn Destination>>, options: Options) -> Self {
        destinations.sort_by_key(|destination| !destination.is_readable());
        let on_step = Box::new(|_: &Journal| {});
        Self { client: client.clone(), id, known: None, caller: None, destinations, options, on_step }
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

    /// Starts the rotation, or continues one that was started earlier, as far as possible now.
    ///
    /// The future can be dropped at any point, with the same result as killing the program.
    ///
    /// # Errors
    /// [`Error`] says which step the rotation reached and what to do. Unless it says otherwise, run it again to continue.
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
    pub(crate) member_id: Option<String>,
    pub(crate) is_service: bool,
    pub(crate) targets: Vec<Target>,
    pub(crate) held: Option<HeldSecret>,
    pub(crate) is_settled: bool,
    pub(crate) lost: u32,
    pub(crate) was_resumed: bool,
    /// Why the journal could not be written after a new secret was issued. Reported once the secret is delivered.
    pub(crate) write_error: Option<Error>,
    on_step: Box<dyn Fn(&Journal) + Send + Sync + 'a>,
}

impl<'a> Run<'a> {
    async fn begin(rotation: Rotation<'a>, mut locked: LockedJournal) -> Result<Self, Error> {
        let Rotation { client, id, known, caller, destinations, options, on_step } = rotation;
        let (under_way, earlier) = match locked.journal.take() {
            Some(journal) if journal.is_under_way() => (Some(journal), None),
            earlier => (None, earlier),
        };
        let labels: Vec<String> = destinations.iter().map(|destination| destination.label()).collect();
        let was_resumed = under_way.is_some();
        if let Some(journal) = &under_way
            && !journal.is_waiting()
            && journal.destinations != labels
            && !options.force
        {
            return Err(Error::OtherDestinations { started_with: journal.destinations.clone() });
        }
        let caller = match caller {
            Some(caller) => caller,
            None => client.whoami().await.map_err(Error::api(under_way.as_ref().map(|journal| journal.step)))?,
        };
        let token = match (&under_way, known) {
            (Some(_), _) => None,
            (None, Some(known)) => Some(known),
            (None, None) => Some(read(&client, &id, earlier.as_ref()).await?),
        };
        let targets: Vec<Target> = destinations.into_iter().map(Target::new).collect();
        let journal = match under_way {
            Some(journal) => resumed(journal, &options, labels),
            None => {
                planned(&client, token.as_ref().expect("it was read"), &caller, &options, labels, earlier.as_ref())?
            }
        };
        let mut run = Self {
            client,
            id,
            locked,
            earlier,
            journal,
            options,
            caller,
            member_id: None,
            is_service: false,
            targets,
            held: None,
            is_settled: false,
            lost: 0,
            was_resumed,
            write_error: None,
            on_step,
        };
        if let Some(token) = &token {
            run.learn(token);
            run.check_destinations()?;
            if run.journal.strategy == Strategy::Replace && !run.can_replace() {
                return Err(run.stuck(Stuck::OthersPersonal));
            }
        }
        Ok(run)
    }

    async fn finish(&mut self) -> Result<Report, Error> {
        loop {
            let action = self.look().await?;
            match action {
                Action::Issue => self.issue().await?,
                Action::Settle => {
                    let waited = self.now().saturating_sub(self.journal.sent_at.unwrap_or(0));
                    let waited = Duration::from_millis(u64::try_from(waited).unwrap_or(0));
                    tokio::time::sleep(self.options.settle.saturating_sub(waited)).await;
                    self.is_settled = true;
                }
                Action::DeleteOrphans => self.delete_orphans().await?,
                Action::Adopt => self.journal_issued(),
                Action::BeginAgain { strategy, delete_now } => self.begin_again(strategy, delete_now).await?,
                Action::Deliver => self.deliver().await?,
                Action::MarkDelivered => self.record(Step::Delivered),
                Action::Verify => self.verify().await?,
                Action::MarkVerified => self.mark_verified(),
                Action::Tidy => self.tidy().await?,
                Action::DeleteOld => self.delete_old().await?,
                Action::Retire => self.retire().await?,
                Action::Wait | Action::Done => break,
                Action::Stop(why) => return Err(self.stuck(why)),
            }
            if self.write_error.is_some() && self.journal.step >= Step::Verified {
                break;
            }
        }
        if let Some(Error::Journal { path, reason }) = self.write_error.take() {
            let reason =
                format!("{reason}; the new secret is delivered and works. Run the same command again to continue");
            return Err(Error::Journal { path, reason });
        }
        let deliveries = self.targets.iter().filter(|target| target.is_delivered);
        let deliveries = deliveries.map(|target| Delivery { label: target.label(), problem: None }).collect();
        Ok(Report::new(&self.journal, deliveries, self.was_resumed, self.now()))
    }

    /// Reads what the next action depends on, and decides.
    async fn look(&mut self) -> Result<Action, Error> {
        let seen = self.observe().await?;
        Ok(next_step(&self.journal, &self.facts(&seen)))
    }

    /// Writes the step to the journal. Once a secret was issued the rotation continues even if that fails.
    pub(crate) fn record(&mut self, step: Step) {
        self.journal.step = step;
        match self.write() {
            Ok(()) => self.write_error = None,
            Err(error) => self.write_error = Some(error),
        }
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
                self.client.with_credential(held.secret.clone()).map_err(Error::api(Some(self.journal.step)))
            }
            _ => Ok(self.client.clone()),
        }
    }

    fn is_own(&self) -> bool {
        self.caller.token_id.as_ref() == Some(&self.id)
    }

    pub(crate) fn can_replace(&self) -> bool {
        // If it is not known, the request will show it.
        let is_own_kind = self.is_service
            || self.member_id.is_none()
            || self.caller.member_id.is_none()
            || self.member_id == self.caller.member_id;
        is_own_kind && !self.journal.may_not_create
    }

    pub(crate) fn learn(&mut self, token: &Token) {
        self.member_id = Some(token.member_id.clone());
        self.is_service = token.service_token.unwrap_or(false);
    }

    pub(crate) fn stuck(&self, why: Stuck) -> Error {
        Error::Stuck { token_id: self.id.clone(), why }
    }

    /// Returns how long to wait after attempt `n`.
    pub(crate) fn pause(n: u32) -> Duration {
        Duration::from_millis(100 << n.min(5))
    }
}

/// Returns the journal to continue a rotation with.
fn resumed(mut journal: Journal, options: &Options, destinations: Vec<String>) -> Journal {
    // `--now` on a later run, for a secret that has leaked since: don't wait for the overlap.
    if options.overlap.is_zero() && journal.strategy == Strategy::Replace {
        journal.overlap = 0;
    }
    if !journal.is_waiting() {
        journal.destinations = destinations;
    }
    journal
}

/// Reads the token. If it was replaced, the error names its replacement.
async fn read(client: &Client, id: &TokenId, earlier: Option<&Journal>) -> Result<Token, Error> {
    client.get(id).await.map_err(|source| match (&source, earlier) {
        (ldtokens::Error::NotFound(_), Some(Journal { strategy: Strategy::Replace, new: Some(new), .. })) => {
            Error::Replaced { by: new.token_id.clone() }
        }
        _ => Error::Api { step: None, source },
    })
}

/// Returns what is compared to find out whether the token was reset.
pub(crate) fn state(token: &Token) -> TokenState {
    let last_four = token.token.as_ref().map_or_else(String::new, |secret| secret.last_four().to_owned());
    TokenState { last_four, last_modified: token.last_modified.get() }
}

/// Returns the journal of a new rotation.
fn planned(
    client: &Client,
    token: &Token,
    caller: &CallerIdentity,
    options: &Options,
    destinations: Vec<String>,
    earlier: Option<&Journal>,
) -> Result<Journal, Error> {
    if destinations.is_empty() {
        return Err(Error::NoDestination);
    }
    let overlap = time::millis(options.overlap);
    let is_own = caller.token_id.as_ref() == Some(&token.id);
    // A reset at once could leave nobody with a credential.
    let strategy = if is_own && overlap == 0 { Strategy::Replace } else { options.strategy };
    let ends = earlier.filter(|earlier| earlier.strategy == Strategy::Reset).and_then(|earlier| earlier.old_ends_at);
    let ends = ends.filter(|ends| *ends > time::from_system_time(client.server_time()));
    if let (Some(ends), Strategy::Reset, false) = (ends, strategy, options.force || overlap == 0) {
        return Err(Error::EarlierOverlap { until: time::to_system_time(ends) });
    }
    Ok(Journal {
        version: VERSION,
        token_id: token.id.to_string(),
        name: token.name.clone(),
        strategy,
        step: Step::Planned,
        overlap,
        old: state(token),
        attempts: 0,
        sent_at: None,
        lost_at: None,
        new: None,
        old_ends_at: None,
        marker: None,
        superseded: Vec::new(),
        is_tidy: false,
        destinations,
        rotated_at: None,
        may_not_create: false,
    })
}
