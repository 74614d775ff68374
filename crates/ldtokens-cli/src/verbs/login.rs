//! `ldtokens login`: stores the credential in a keychain, by a program that the user has, and creates a profile that reads it
//! from there.

use std::io::{self, BufRead, IsTerminal, Read};

use clap::Args;
use ldtokens::{Client, Error, Secret};

use crate::account::config_edit::{Change, edit};
use crate::account::config_file::{ConfigFile, Profile};
use crate::account::credential::Source;
use crate::account::keychain::Keychain;
use crate::arguments::GlobalArgs;
use crate::files::{stdin, text};
use crate::terminal::failure::{Failure, Kind};
use crate::terminal::hidden::Hidden;
use crate::terminal::interrupt::Interrupt;
use crate::terminal::redact::has_secret;
use crate::terminal::say;
use crate::terminal::watch::Watch;
use crate::verbs::config::{RegionArgs, target};

/// Store the credential in a keychain and create a profile that uses it
#[derive(Args, Debug)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub(crate) struct LoginArgs {
    /// Name of the profile
    #[arg(value_name = "PROFILE", default_value = "default", value_parser = profile_name)]
    profile_name: String,

    /// Program that keeps the secret [default: the first of these that is installed]
    #[arg(long, value_name = "PROGRAM", value_parser = Keychain::ALL.map(Keychain::program))]
    with: Option<String>,

    #[command(flatten)]
    region: RegionArgs,
}

const LONG_ABOUT: &str = "\
Store the credential in a keychain and create a profile that uses it.

The secret is typed without being shown, or read from standard input. It is tried once and then passed to a program that you have: \
secret-tool (the desktop's keyring), security (the macOS keychain), pass or op (1Password). The profile holds only the command that \
prints it.";

const EXAMPLES: &str = "\
Examples:
  ldtokens login
  ldtokens login work --region eu --with pass
  op read op://Work/LaunchDarkly/token | ldtokens login ci --with secret-tool";

/// Checks the name of a profile, which becomes part of a shell command.
fn profile_name(text: &str) -> Result<String, String> {
    let is_fit = !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter));
    if is_fit { Ok(text.to_owned()) } else { Err("use letters, digits, and . _ -".to_owned()) }
}

pub(crate) async fn run(global: &GlobalArgs, arguments: LoginArgs) -> Result<(), Failure> {
    global.refuse(&["profile", "local", "token-file", "token-command", "dry-run"])?;
    let name = &arguments.profile_name;
    let keychain = Keychain::chosen(arguments.with.as_deref())?;
    let config = ConfigFile::read_to_edit()?;
    let mut profile = Profile { token_command: Some(keychain.lookup(name)), ..Profile::default() };
    target(global, arguments.region, &mut profile);

    let watch = Watch::new(&profile.url(), global.verbose > 0, false);
    let interrupt = Interrupt::listen(watch)?;
    let secret = secret(&interrupt).await?;
    check(&secret, &profile.url(), &interrupt).await?;
    keychain.store(name, &secret)?;
    let stored = Source::Command(keychain.lookup(name)).take()?;
    if stored != secret {
        return Err(Failure::other(format!(
            "{} returned a different secret than the one stored; remove the other entry with this name",
            keychain.program()
        )));
    }
    let mut changes = vec![Change::Profile(name, &profile)];
    if config.default.is_none() {
        changes.push(Change::Default(name));
    }
    edit(&config.path, &changes)?;
    let how = if config.default.is_none() { String::new() } else { format!("; use it with --profile {name}") };
    say::result(&format!("Stored the secret with {} and created the profile {name}{how}", keychain.program()));
    Ok(())
}

/// Reads the secret from the terminal or from a pipe.
async fn secret(interrupt: &Interrupt) -> Result<Secret, Failure> {
    let bytes = if io::stdin().is_terminal() {
        // Restores the terminal when it is dropped.
        let hidden = Hidden::begin();
        anstream::eprint!("Secret of an access token (not shown): ");
        let reading = tokio::task::spawn_blocking(|| {
            let mut line = Vec::new();
            io::stdin().lock().read_until(b'\n', &mut line).map(|_| line)
        });
        let line = interrupt.unless(reading).await;
        drop(hidden);
        anstream::eprintln!();
        line?.unwrap_or_else(|error| Err(io::Error::other(error)))
    } else {
        let mut bytes = Vec::new();
        stdin::take("the secret")?.take(4096).read_to_end(&mut bytes).map(|_| bytes)
    };
    let unusable = |reason: &str| Failure::new(Kind::NotAuthenticated, format!("can't read the secret: {reason}"));
    let text = text::decode(bytes.map_err(|error| unusable(&error.to_string()))?).map_err(unusable)?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(unusable("nothing was given"));
    }
    if !has_secret(secret) {
        say::warning("this does not look like the secret of an access token, which begins with api-");
    }
    Ok(Secret::new(secret))
}

/// Checks once whether the secret works. It need not have any permission.
async fn check(secret: &Secret, host: &str, interrupt: &Interrupt) -> Result<(), Failure> {
    let client = Client::builder(secret.clone()).host(host).user_agent_suffix("ldtokens-cli").build()?;
    match interrupt.unless(client.list().limit(1).send()).await? {
        Ok(_) | Err(Error::Forbidden(_)) => Ok(()),
        Err(Error::Unauthorized(_)) => Err(Failure::new(
            Kind::NotAuthenticated,
            format!("this secret does not work on {host}; nothing was stored"),
        )),
        Err(error) => Err(error.into()),
    }
}
