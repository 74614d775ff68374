//! The settings that are in effect, and where each comes from: flags, environment, or a profile of the configuration file.
//!
//! A credential and its host belong together. If the credential comes from a profile, the environment's host is not used, and
//! the other way round. So a secret is never sent to another account's host, except if the user asks for it: with `--host`, or
//! with a named profile that has no credential. If the environment names two accounts, nothing is changed in either.

use std::fmt;
use std::path::PathBuf;

use ldtokens::{CREDENTIAL_VARIABLES, HOST_VARIABLES, Region};

use crate::account::config_file::{ConfigFile, Profile};
use crate::account::credential::{self, MOUNTED_VARIABLE, Source};
use crate::arguments::GlobalArgs;
use crate::terminal::failure::Failure;
use crate::terminal::redact::has_secret;

/// The variable that names the profile, like `--profile`.
const PROFILE_VARIABLE: &str = "LDTOKENS_PROFILE";

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    /// The profile with this name.
    Profile(String),
    /// The configuration file's `default`.
    ConfigFile,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::ConfigFile => f.write_str("`default` of the configuration file"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// The settings of a command that sends requests to the API.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config_file: PathBuf,
    pub(crate) profile: Option<Setting<String>>,
    /// None for the embedded local LaunchDarkly.
    pub(crate) host: Option<Setting<String>>,
    /// None if no credential is set.
    pub(crate) credential: Option<Setting<Source>>,
    /// The `default` of the configuration file.
    default_profile: Option<String>,
    /// Two sources that name different accounts, if neither is a flag.
    pub(crate) conflict: Option<String>,
    /// Why the configuration file was not read. It was not needed.
    pub(crate) skipped: Option<String>,
}

impl Settings {
    pub(crate) fn read(global: &GlobalArgs) -> Result<Self, Failure> {
        global.refuse_several(&["local", "host"])?;
        global.refuse_several(&["local", "profile"])?;
        global.refuse_several(&["local", "token-file", "token-command", "token-stdin"])?;
        let config = ConfigFile::read()?;
        let by_flag = source_by_flag(global);
        let by_environment = source_by_environment();
        let profile = profile_in_effect(global, &config, by_flag.is_none() && by_environment.is_none());
        let needs_file = profile.is_some() || (by_flag.is_none() && by_environment.is_none());
        if let (true, Some(skipped)) = (needs_file, &config.skipped) {
            return Err(Failure::usage(skipped.clone()));
        }
        let of_profile = match &profile {
            Some(name) => Some((Origin::Profile(name.value.clone()), config.profile(&name.value)?)),
            None => None,
        };
        let is_local_profile = of_profile.as_ref().is_some_and(|(_, profile)| profile.local);

        let profile_source = match &of_profile {
            Some((origin, profile)) => profile.source()?.map(|source| Setting::new(source, origin.clone())),
            None => None,
        };
        let has_flag = by_flag.is_some();
        let credential = match (by_flag, profile_source) {
            (Some(flag), _) if is_local_profile => {
                let flag = flag.origin;
                return Err(Failure::usage(format!(
                    "{flag}: can't be used with the local LaunchDarkly, which has its own credential"
                )));
            }
            (Some(source), _) | (None, Some(source)) => Some(source),
            (None, None) => by_environment,
        };
        let is_local = credential.as_ref().is_some_and(|source| source.value == Source::Local);
        let host = if is_local { None } else { Some(host(global, of_profile.as_ref())?) };
        let mut settings = Self {
            config_file: config.path,
            profile,
            host,
            credential,
            default_profile: config.default,
            conflict: None,
            skipped: config.skipped,
        };
        settings.conflict = settings.of_two_accounts(has_flag);
        Ok(settings)
    }

    /// The sources that name different accounts. A flag decides between them.
    fn of_two_accounts(&self, has_credential_flag: bool) -> Option<String> {
        let is_flag = |origin: Option<&Origin>| matches!(origin, Some(Origin::Flag(_)));
        let profile = self.profile.as_ref().filter(|profile| !is_flag(Some(&profile.origin)));
        let credential =
            self.credential.as_ref().filter(|source| !has_credential_flag && !is_flag(Some(&source.origin)));
        let host = self.host.as_ref();
        let of_profile = profile.map(|profile| Origin::Profile(profile.value.clone()));
        if let (Some(profile), Some((variable, _)), Some(source)) =
            (profile, first_set(CREDENTIAL_VARIABLES), credential)
        {
            let is_used =
                matches!(&source.value, Source::Variable(name) if CREDENTIAL_VARIABLES.contains(&name.as_str()));
            if profile.origin == Origin::Variable(PROFILE_VARIABLE) && !is_used {
                return Some(format!(
                    "{PROFILE_VARIABLE} names the profile {}, which has its own credential, but {variable} is set too",
                    profile.value
                ));
            }
        }
        if let Some(Setting { origin: Origin::Variable(_), .. }) = credential
            && let Some((first, second)) =
                differing(CREDENTIAL_VARIABLES, |first, second| first.trim() == second.trim())
        {
            return Some(format!("{first} and {second} hold different secrets"));
        }
        if is_flag(host.map(|host| &host.origin)) || (host.is_none() && profile.is_none()) {
            return None;
        }
        if let Some((first, second)) =
            differing(HOST_VARIABLES, is_same_host).filter(|_| of_profile.is_none() && self.profile.is_none())
        {
            return Some(format!("{first} and {second} name different hosts"));
        }
        let (variable, other) = first_set(HOST_VARIABLES)?;
        let profile = profile?;
        let uses = match host {
            Some(host) if is_same_host(&host.value, &other) => return None,
            Some(host) => host.value.clone(),
            None => "the local LaunchDarkly".to_owned(),
        };
        Some(format!("{variable} is {other}, but the profile {} uses {uses}", profile.value))
    }

    /// Refuses to change anything while two sources name different accounts.
    pub(crate) fn refuse_conflict(&self) -> Result<(), Failure> {
        match &self.conflict {
            Some(conflict) => Err(Failure::usage(format!(
                "{conflict}: say which account to change with --profile or --host, or unset one of them; `ldtokens config` shows \
                 what is used"
            ))),
            None => Ok(()),
        }
    }

    /// The account, for questions and results: its host and profile.
    pub(crate) fn account(&self) -> String {
        let host = self.host.as_ref().map_or("the local LaunchDarkly", |host| &host.value);
        match &self.profile {
            Some(profile) => format!("{host}, profile {}", profile.value),
            None => host.to_owned(),
        }
    }

    /// The settings that are not used, and why.
    pub(crate) fn unused_settings(&self) -> Vec<String> {
        let local = &Origin::Flag("local");
        let credential = self.credential.as_ref().map(|source| &source.origin);
        let host = self.host.as_ref().map(|host| &host.origin);
        let unused = |name: &str, what: &str, instead: Option<&Origin>| {
            let is_used = matches!(instead, Some(Origin::Variable(used)) if *used == name);
            (!is_used).then(|| format!("{name}, because the {what} comes from {}", instead.unwrap_or(local)))
        };
        let of = |names, what, instead| unused(first_set(names)?.0, what, instead);
        let mounted = credential::mounted().and_then(|_| unused(MOUNTED_VARIABLE, "credential", credential));
        let profile = self.default_profile.as_ref().filter(|_| self.profile.is_none());
        let profile = profile
            .map(|name| format!("the default profile {name}, because the credential does not come from a profile"));
        let variables = [of(CREDENTIAL_VARIABLES, "credential", credential), of(HOST_VARIABLES, "host", host)];
        variables.into_iter().flatten().chain(mounted).chain(profile).collect()
    }

    /// That a named profile's host is used in place of the environment's.
    pub(crate) fn unused_host(&self) -> Option<String> {
        let (variable, other) = first_set(HOST_VARIABLES)?;
        let host = self.host.as_ref().filter(|host| matches!(host.origin, Origin::Profile(_)))?;
        let differs = !is_same_host(&host.value, &other);
        differs.then(|| format!("{variable} is not used, because the host comes from {}", host.origin))
    }

    pub(crate) fn is_local(&self) -> bool {
        self.credential.as_ref().is_some_and(|source| source.value == Source::Local)
    }
}

/// The profile of `--profile`, or else of the environment. Without either, and if the credential has no other source, the one
/// of the file.
fn profile_in_effect(global: &GlobalArgs, config: &ConfigFile, by_default: bool) -> Option<Setting<String>> {
    if let Some(name) = &global.profile {
        return Some(Setting::new(name.clone(), Origin::Flag("profile")));
    }
    match std::env::var(PROFILE_VARIABLE).ok().filter(|name| !name.is_empty()) {
        _ if global.local => None,
        Some(name) => Some(Setting::new(name, Origin::Variable(PROFILE_VARIABLE))),
        None if by_default => Some(Setting::new(config.default.clone()?, Origin::ConfigFile)),
        None => None,
    }
}

/// Two of the variables that are set to different values.
fn differing(
    names: &'static [&'static str],
    is_same: impl Fn(&str, &str) -> bool,
) -> Option<(&'static str, &'static str)> {
    let (first, value) = first_set(names)?;
    let others = names.iter().filter_map(|name| first_set(std::slice::from_ref(name)));
    let (second, _) = others.into_iter().find(|(_, other)| !is_same(&value, other))?;
    Some((first, second))
}

/// Whether both name the same API, however its path is written.
pub(crate) fn is_same_host(first: &str, second: &str) -> bool {
    let plain = |host: &str| {
        let host = host.trim().trim_end_matches('/');
        let host = host.strip_suffix("/api/v2").unwrap_or(host);
        host.strip_prefix("https://").unwrap_or(host).to_ascii_lowercase()
    };
    plain(first) == plain(second)
}

fn host(global: &GlobalArgs, of_profile: Option<&(Origin, &Profile)>) -> Result<Setting<String>, Failure> {
    let default = || Setting::new(Region::default().url().to_owned(), Origin::Default);
    let host = if let Some(host) = &global.host {
        Setting::new(host.clone(), Origin::Flag("host"))
    } else if let Some((origin, profile)) = of_profile {
        let host = profile.host.clone().or_else(|| Some(profile.region?.region().url().to_owned()));
        host.map_or_else(default, |host| Setting::new(host, origin.clone()))
    } else {
        first_set(HOST_VARIABLES).map_or_else(default, |(name, host)| Setting::new(host, Origin::Variable(name)))
    };
    if has_secret(&host.value) {
        // Resolving the host would send the secret to DNS servers.
        return Err(Failure::usage(format!("{}: the host contains a secret", host.origin)));
    }
    Ok(host)
}

impl Profile {
    pub(crate) fn source(&self) -> Result<Option<Source>, Failure> {
        if self.local {
            return Ok(Some(Source::Local));
        }
        if let Some(name) = &self.token_variable {
            return Ok(Some(Source::Variable(name.clone())));
        }
        if let Some(path) = &self.token_file {
            return Ok(Some(Source::File(in_home(path)?)));
        }
        Ok(self.token_command.clone().map(Source::Command))
    }
}

/// Replaces `~/` at the start of the path with the user's home.
pub(crate) fn in_home(path: &std::path::Path) -> Result<PathBuf, Failure> {
    match path.strip_prefix("~") {
        Ok(rest) => match dirs::home_dir() {
            Some(home) => Ok(home.join(rest)),
            None => Err(Failure::usage(format!("{}: no home folder found", path.display()))),
        },
        Err(_) => Ok(path.to_owned()),
    }
}

fn source_by_flag(global: &GlobalArgs) -> Option<Setting<Source>> {
    if global.local {
        return Some(Setting::new(Source::Local, Origin::Flag("local")));
    }
    if let Some(path) = &global.token_file {
        return Some(Setting::new(Source::File(path.clone()), Origin::Flag("token-file")));
    }
    if let Some(command) = &global.token_command {
        return Some(Setting::new(Source::Command(command.clone()), Origin::Flag("token-command")));
    }
    global.token_stdin.then(|| Setting::new(Source::Stdin, Origin::Flag("token-stdin")))
}

/// The credential of the environment: a variable, or else systemd's file.
fn source_by_environment() -> Option<Setting<Source>> {
    match first_set(CREDENTIAL_VARIABLES) {
        Some((name, _)) => Some(Setting::new(Source::Variable(name.to_owned()), Origin::Variable(name))),
        None => Some(Setting::new(credential::mounted()?, Origin::Variable(MOUNTED_VARIABLE))),
    }
}

/// The first of the variables that is set and not empty. A value that is not UTF-8 is rejected later, when it is used.
pub(crate) fn first_set(names: &'static [&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some((*name, value.to_string_lossy().into_owned()))
    })
}
