//! Builds the client from a command's flags, environment and profile.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ldtokens::{CallerIdentity, Client, ConfigError, DryRun, Error, Secret, TokenId};

use crate::account::credential::remember;
use crate::account::curl;
use crate::account::local;
use crate::account::settings::Settings;
use crate::arguments::GlobalArgs;
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::interrupt::Interrupt;
use crate::terminal::output::print;
use crate::terminal::say;
use crate::terminal::watch::Watch;

/// What a command needs to send requests and to report results.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) interrupt: Interrupt,
    /// The API's URL.
    pub(crate) host: String,
    /// The host and the profile, for questions and results.
    pub(crate) account: String,
    /// Whether requests that would change something are only printed.
    pub(crate) is_dry_run: bool,
    pub(crate) has_json_errors: bool,
    /// The token in use, after the API was asked. None if the response does not name it.
    own_token: OnceLock<Option<TokenId>>,
}

impl Session {
    /// The token in use. The API is asked only once. None if the response does not name it.
    pub(crate) async fn own_token(&self) -> Result<Option<&TokenId>, Failure> {
        if self.own_token.get().is_none() {
            let caller = self.interrupt.unless(self.client.whoami()).await?;
            let _ = self.own_token.set(caller.ok().and_then(|caller| caller.token_id));
        }
        Ok(self.own_token.get().and_then(Option::as_ref))
    }

    /// Stores the token in use, from a response that is known already.
    pub(crate) fn note_own_token(&self, caller: &CallerIdentity) {
        let _ = self.own_token.set(caller.token_id.clone());
    }

    /// Prints what was done, for people. With JSON errors, standard error has only the error object.
    pub(crate) fn say(&self, text: &str) {
        if !self.has_json_errors {
            say::result(text);
        }
    }

    /// Prints what was done to one token and in which account, unless `is_quiet`: then the IDs are printed instead.
    pub(crate) fn say_done(&self, is_quiet: bool, text: &str) {
        if !is_quiet && !self.is_dry_run {
            self.say(&format!("{text} ({})", self.account));
        }
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, text: &str) {
        if !self.has_json_errors {
            say::warning(text);
        }
    }

    /// Prints a note.
    pub(crate) fn note(&self, text: &str) {
        if !self.has_json_errors {
            say::note(text);
        }
    }

    /// Prints one of several errors.
    pub(crate) fn say_error(&self, text: &str) {
        if !self.has_json_errors {
            say::error(text);
        }
    }
}

/// Runs `work` with a client for the `global` arguments. `held_back` is what a dry run prints instead of sending.
pub(crate) async fn with_client(
    global: &GlobalArgs,
    held_back: DryRun,
    work: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    connected(global, held_back, true, work).await
}

/// Runs `work` with a client without a credential.
pub(crate) async fn with_host(
    global: &GlobalArgs,
    work: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    connected(global, DryRun::Changes, false, work).await
}

async fn connected(
    global: &GlobalArgs,
    held_back: DryRun,
    needs_credential: bool,
    work: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let settings = Settings::read(global)?;
    let changes = held_back == DryRun::Changes && needs_credential;
    if changes {
        settings.refuse_conflict()?;
    }
    let is_dry_run = global.dry_run;
    let sends_nothing = is_dry_run && held_back == DryRun::Everything;

    let (server, credential) = if settings.is_local() {
        let (server, secret) = local::start().await?;
        (Some(server), secret)
    } else if sends_nothing || !needs_credential {
        (None, Secret::new("none"))
    } else {
        (None, credential(&settings)?)
    };
    let host = match (&server, &settings.host) {
        (Some(server), _) => server.url().to_owned(),
        (None, Some(host)) => host.value.clone(),
        (None, None) => unreachable!("only the local LaunchDarkly has no host setting"),
    };
    let source = settings.credential.as_ref().map(|source| source.value.clone());
    if let Some(source) = &source {
        remember(source, &host);
    }
    let has_json_errors = global.any_output()?.has_json_errors();
    let is_verbose = global.verbose > 0;
    let interrupt = Interrupt::listen(Watch::new(&host, is_verbose, has_json_errors))?;
    let mut builder = Client::builder(credential).host(host.clone()).user_agent_suffix("ldtokens-cli");
    if global.allow_plain_http {
        builder = builder.allow_plain_http();
    }
    // A dry run prints its requests in order.
    let concurrency = if is_dry_run { Some(1) } else { global.concurrency };
    builder = builder.concurrency(concurrency.map_or(8, usize::from));
    builder = builder.observer(interrupt.activity()).clock(interrupt.activity());
    let printing: Arc<Mutex<Result<(), Failure>>> = Arc::new(Mutex::new(Ok(())));
    if is_dry_run {
        let printing = printing.clone();
        builder = builder.dry_run(held_back, move |request| {
            let result = print(&curl::command(request, source.as_ref()));
            let mut printing = printing.lock().unwrap_or_else(PoisonError::into_inner);
            if printing.is_ok() {
                *printing = result;
            }
        });
    }
    let client = builder.build().map_err(|error| named(error, &settings))?;
    let account = settings.account();
    let session = Session { client, interrupt, host, account, is_dry_run, has_json_errors, own_token: OnceLock::new() };
    if let Some(skipped) = &settings.skipped {
        session.note(&format!("the configuration file is not used: {skipped}"));
    }
    if let Some(conflict) = settings.conflict.as_ref().filter(|_| needs_credential) {
        session.warn(&format!("{conflict}; this reads from {}", session.account));
    } else if let Some(unused) = settings.unused_host() {
        session.note(&unused);
    }
    if let (true, Some(_)) = (is_dry_run, &server) {
        session.note("the server of --local stops with this command; for curl, run `ldtokens serve`");
    }
    let result = match work(&session).await {
        // The request was printed, as asked for.
        Err(failure) if is_dry_run && failure.kind() == Kind::DryRun => Ok(()),
        result => result,
    };
    // An output error makes the dry run fail.
    let printing = std::mem::replace(&mut *printing.lock().unwrap_or_else(PoisonError::into_inner), Ok(()));
    let result = result.and(printing);
    if let Some(server) = server {
        server.stop().await;
    }
    result
}

fn credential(settings: &Settings) -> Result<Secret, Failure> {
    match &settings.credential {
        Some(source) => source.value.take(),
        None => {
            let error = ConfigError::MissingCredential { variables: ldtokens::CREDENTIAL_VARIABLES };
            Err(Failure::new(
                Kind::NotAuthenticated,
                format!("{error}, or use --token-file, --token-command, --profile or --local (see `ldtokens --help`)"),
            ))
        }
    }
}

/// The failure, with the origin of the wrong setting.
fn named(error: Error, settings: &Settings) -> Failure {
    let origin = match &error {
        Error::Config(ConfigError::Host { .. }) => settings.host.as_ref().map(|host| &host.origin),
        Error::Config(ConfigError::Credential { .. }) => settings.credential.as_ref().map(|source| &source.origin),
        _ => None,
    };
    match (origin, Failure::from(error)) {
        (Some(origin), failure) => Failure::usage(failure.to_string()).within(origin),
        (None, failure) => failure,
    }
}
