//! The client that a command's flags, environment and profile ask for.

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

/// What a command works with.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) interrupt: Interrupt,
    /// The API's URL.
    pub(crate) host: String,
    /// Whether what would change something is only shown.
    pub(crate) is_dry_run: bool,
    has_json_errors: bool,
    /// The token in use, once the API was asked. None if it does not say.
    own_token: OnceLock<Option<TokenId>>,
}

impl Session {
    /// The token in use. The API is asked once. None if it does not say.
    pub(crate) async fn own_token(&self) -> Result<Option<&TokenId>, Failure> {
        if self.own_token.get().is_none() {
            let caller = self.interrupt.unless(self.client.whoami()).await?;
            let _ = self.own_token.set(caller.ok().and_then(|caller| caller.token_id));
        }
        Ok(self.own_token.get().and_then(Option::as_ref))
    }

    /// Takes note of the token in use, if someone has asked already.
    pub(crate) fn note_own_token(&self, caller: &CallerIdentity) {
        let _ = self.own_token.set(caller.token_id.clone());
    }

    /// Says what was done to people; where a program reads, it is in the answer, or in the one object of an error.
    pub(crate) fn say(&self, text: &str) {
        if !self.has_json_errors {
            say::result(text);
        }
    }

    /// Says what was done to one token. `is_quiet` is for output of IDs only, which say it too.
    pub(crate) fn say_done(&self, is_quiet: bool, text: &str) {
        if !is_quiet && !self.is_dry_run {
            self.say(text);
        }
    }

    /// Says what may not be as the user wants it.
    pub(crate) fn warn(&self, text: &str) {
        if !self.has_json_errors {
            say::warning(text);
        }
    }

    /// Says what helps to understand what happens.
    pub(crate) fn note(&self, text: &str) {
        if !self.has_json_errors {
            say::note(text);
        }
    }

    /// Says what failed, of several.
    pub(crate) fn say_error(&self, text: &str) {
        if !self.has_json_errors {
            say::error(text);
        }
    }
}

/// Does `work` with the client that the `global` arguments ask for. `held_back` is what a dry run shows instead of sending.
pub(crate) async fn with_client(
    global: &GlobalArgs,
    held_back: DryRun,
    work: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    connected(global, held_back, true, work).await
}

/// The same for work that brings a credential of its own: the client's is none.
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
        (None, None) => unreachable!("what is not local has a host"),
    };
    let source = settings.credential.as_ref().map(|source| source.value.clone());
    if let Some(source) = &source {
        remember(source, &host);
    }
    let has_json_errors = global.format()?.has_json_errors();
    let is_verbose = global.verbose > 0;
    let interrupt = Interrupt::listen(Watch::new(&host, is_verbose, has_json_errors))?;
    let mut builder = Client::builder(credential).host(host.clone()).user_agent_suffix("ldtokens-cli");
    builder = builder.observer(interrupt.activity()).clock(interrupt.activity());
    let shown: Arc<Mutex<Result<(), Failure>>> = Arc::new(Mutex::new(Ok(())));
    if is_dry_run {
        let shown = shown.clone();
        builder = builder.dry_run(held_back, move |request| {
            let result = print(&curl::command(request, source.as_ref()));
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            if shown.is_ok() {
                *shown = result;
            }
        });
    }
    let client = builder.build().map_err(|error| named(error, &settings))?;
    let session = Session { client, interrupt, host, is_dry_run, has_json_errors, own_token: OnceLock::new() };
    if let (true, Some(_)) = (is_dry_run, &server) {
        session.note("the server of --local stops with this command; for curl, run `ldtokens serve`");
    }
    let result = match work(&session).await {
        // The request was shown, and that is what was asked for.
        Err(failure) if is_dry_run && failure.kind() == Kind::DryRun => Ok(()),
        result => result,
    };
    // What could not be printed was not shown.
    let shown = std::mem::replace(&mut *shown.lock().unwrap_or_else(PoisonError::into_inner), Ok(()));
    let result = result.and(shown);
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

/// The failure, with the name of the setting that is wrong.
fn named(error: Error, settings: &Settings) -> Failure {
    let because = match &error {
        Error::Config(ConfigError::Host { .. }) => settings.host.as_ref().map(|host| &host.because),
        Error::Config(ConfigError::Credential { .. }) => settings.credential.as_ref().map(|source| &source.because),
        _ => None,
    };
    match (because, Failure::from(error)) {
        (Some(because), failure) => Failure::usage(failure.to_string()).within(because),
        (None, failure) => failure,
    }
}
