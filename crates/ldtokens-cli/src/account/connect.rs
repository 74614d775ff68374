//! Builds the client from a command's flags, environment and profile.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use ldtokens::{CallerIdentity, Client, ClientBuilder, ConfigError, DryRun, Error, Secret, TokenId};
use ldtokens_plan::CustomRoles;
use ldtokens_server::Server;
use tokio::sync::OnceCell;

use crate::account::credential::likely_mistake;
use crate::account::curl;
use crate::account::errors::{self, InUse};
use crate::account::settings::Settings;
use crate::arguments::GlobalArgs;
use crate::files::{create_private_folder, folder_of};
use crate::terminal::{Failure, Interrupt, Kind, print, say};

/// How long to wait while another command has the store of `--local` open.
const WAIT: Duration = Duration::from_secs(10);

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
    /// The token in use, after the API was asked. None if the response does not name it.
    own_token: OnceCell<Option<TokenId>>,
    /// The account's custom roles, after the API was asked.
    custom_roles: OnceCell<Result<CustomRoles, Failure>>,
}

impl Session {
    /// The token in use. The API is asked only once. None if the response does not name it.
    pub(crate) async fn own_token(&self) -> Result<Option<&TokenId>, Failure> {
        let ask = async || -> Result<_, Failure> {
            Ok(self.interrupt.unless(self.client.whoami()).await?.ok().and_then(|caller| caller.token_id))
        };
        self.own_token.get_or_try_init(ask).await.map(Option::as_ref)
    }

    /// The account's custom roles. There are none if they can't be read.
    pub(crate) async fn custom_roles(&self) -> Result<&CustomRoles, Failure> {
        static NONE: LazyLock<CustomRoles> = LazyLock::new(CustomRoles::default);
        Ok(self.custom_roles_if_read().await?.as_ref().unwrap_or(&NONE))
    }

    /// The same, or why they can't be read. The API is asked only once.
    pub(crate) async fn custom_roles_if_read(&self) -> Result<&Result<CustomRoles, Failure>, Failure> {
        let ask = async || -> Result<_, Failure> {
            Ok(self.interrupt.unless(CustomRoles::read(&self.client)).await?.map_err(Failure::from))
        };
        self.custom_roles.get_or_try_init(ask).await
    }

    /// Those, if the API was asked and gave them.
    pub(crate) fn known_custom_roles(&self) -> Option<&CustomRoles> {
        self.custom_roles.get()?.as_ref().ok()
    }

    /// Stores the token in use, from a response that is known already.
    pub(crate) fn note_own_token(&self, caller: &CallerIdentity) {
        let _ = self.own_token.set(caller.token_id.clone());
    }

    /// Says what was done to one token and in which account, unless `is_quiet`.
    pub(crate) fn say_done(&self, is_quiet: bool, text: &str) {
        if !is_quiet && !self.is_dry_run {
            say::result(&format!("{text} ({})", self.account));
        }
    }
}

/// Runs `work` with a client. `held_back` is what a dry run prints instead of sending; without it, there is no credential.
pub(crate) async fn with_client(
    global: &GlobalArgs,
    held_back: impl Into<Option<DryRun>>,
    work: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let held_back = held_back.into();
    let settings = Settings::read(global)?;
    if held_back == Some(DryRun::Changes) {
        settings.refuse_conflict()?;
    }
    let is_dry_run = global.dry_run;
    global.format()?;
    let (server, host, credential) = match &settings.host {
        None => {
            let (server, secret) = start_local().await?;
            let host = server.url().to_owned();
            (Some(server), host, secret)
        }
        Some(host) if held_back.is_none() || is_dry_run && held_back == Some(DryRun::Everything) => {
            (None, host.value.clone(), Secret::new("none"))
        }
        Some(host) => (None, host.value.clone(), credential(&settings)?),
    };
    let source = settings.credential.as_ref().map(|source| source.value.clone());
    let _ = errors::IN_USE.set(InUse {
        command: global.command.clone(),
        source: source.clone(),
        host: host.clone(),
        likely_mistake: likely_mistake(credential.expose()),
    });
    let interrupt = Interrupt::listen(&host, global.verbose > 0)?;
    // A dry run prints its requests in order.
    let concurrency = if is_dry_run { 1 } else { global.concurrency.map_or(8, usize::from) };
    let mut builder = client_builder(credential, &host, global)
        .concurrency(concurrency)
        .observer(interrupt.follower.clone())
        .clock(interrupt.follower.clone());
    let unprinted: Arc<OnceLock<Failure>> = Arc::default();
    if is_dry_run {
        let unprinted = unprinted.clone();
        builder = builder.dry_run(held_back.unwrap_or(DryRun::Changes), move |request| {
            let result = print(&curl::command(request, source.as_ref()));
            result.unwrap_or_else(|failure| drop(unprinted.set(failure)));
        });
    }
    let client = builder.build().map_err(|error| with_origin(error, &settings))?;
    let account = settings.account();
    let (own_token, custom_roles) = (OnceCell::new(), OnceCell::new());
    let session = Session { client, interrupt, host, account, is_dry_run, own_token, custom_roles };
    if let Some(skipped) = &settings.config.skipped {
        say::note(&Failure::usage(skipped).within("the configuration file is not used").to_string());
    }
    if let Some(conflict) = settings.conflict().filter(|_| held_back.is_some()) {
        say::warning(&format!("{conflict}; this reads from {}", session.account));
    } else if let Some(unused) = settings.unused_host() {
        say::note(&unused);
    }
    if is_dry_run && server.is_some() {
        say::note("the server of --local stops with this command; for curl, run `ldtokens serve`");
    }
    let result = match work(&session).await {
        // The request was printed, as asked for.
        Err(failure) if is_dry_run && failure.kind() == Kind::DryRun => Ok(()),
        result => result,
    };
    if let Some(server) = server {
        server.stop().await;
    }
    // An output error makes the dry run fail.
    result.and(unprinted.get().cloned().map_or(Ok(()), Err))
}

/// Begins a client for this host, as the flags say.
pub(crate) fn client_builder(credential: Secret, host: &str, global: &GlobalArgs) -> ClientBuilder {
    let builder = Client::builder(credential).host(host).user_agent_suffix("ldtokens-cli");
    if global.allow_plain_http { builder.allow_plain_http() } else { builder }
}

/// The path of the store of `--local`.
pub(crate) fn local_store() -> Result<PathBuf, Failure> {
    let data = dirs::data_dir().ok_or_else(|| Failure::usage("--local: no data folder found: set HOME"))?;
    Ok(data.join("ldtokens").join("local.db"))
}

/// Starts the local LaunchDarkly of `--local`, which runs for one command, and returns a credential that works as long.
pub(crate) async fn start_local() -> Result<(Server, Secret), Failure> {
    let store = local_store()?;
    let folder = folder_of(&store);
    create_private_folder(folder)
        .map_err(|error| Failure::other(format!("--local: can't create the folder {}: {error}", folder.display())))?;
    let server = Server::builder().store(&store).store_wait(WAIT).session().start();
    let server = server.await.map_err(|error| Failure::other(format!("--local: {error}")))?;
    let secret = server.session_secret().expect("it was asked for").clone();
    Ok((server, secret))
}

fn credential(settings: &Settings) -> Result<Secret, Failure> {
    let missing = || {
        let error = ConfigError::MissingCredential(ldtokens::CREDENTIAL_VARIABLES);
        let todo = "or use --token-file, --token-command, --profile or --local (see `ldtokens --help`)";
        Failure::new(Kind::NotAuthenticated, format!("{error}, {todo}"))
    };
    settings.credential.as_ref().ok_or_else(missing)?.value.take()
}

/// The failure, with the origin of the wrong setting.
fn with_origin(error: Error, settings: &Settings) -> Failure {
    let origin = match &error {
        Error::Config(ConfigError::Host(_) | ConfigError::PlainHttp) => settings.host.as_ref().map(|host| &host.origin),
        Error::Config(ConfigError::Credential(_)) => settings.credential.as_ref().map(|source| &source.origin),
        _ => None,
    };
    let failure = Failure::from(error);
    let Some(origin) = origin else { return failure };
    Failure::usage(failure.to_string()).within(origin)
}
