//! The settings that are in effect, and where each comes from: flags, environment, or a profile of the configuration file.
//!
//! A credential and its host belong together. If the credential comes from a profile, the environment's host is not used, and
//! the other way round. So a secret is never sent to another account's host, except if the user asks for it: with `--host`, or
//! with a named profile that has no credential. If the environment names two accounts, nothing is changed in either.

use std::fmt;
use std::path::{Path, PathBuf};

use ldtokens::{CREDENTIAL_VARIABLES, HOST_VARIABLES, Region};

use crate::account::config_file::{ConfigFile, Profile};
use crate::account::credential::{self, MOUNTED_VARIABLE, Source};
use crate::arguments::GlobalArgs;
use crate::terminal::failure::Failure;
use crate::terminal::redact::has_secret;

/// The variable that names the profile, like `--profile`.
const PROFILE_VARIABLE: &str = "LDTOKENS_PROFILE";

/// The variable for the state folder.
const STATE_VARIABLE: &str = "LDTOKENS_STATE";

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
    pub(crate) config: ConfigFile,
    pub(crate) profile: Option<Setting<String>>,
    /// None for the embedded local LaunchDarkly.
    pub(crate) host: Option<Setting<String>>,
    /// None if no credential is set.
    pub(crate) credential: Option<Setting<Source>>,
}

impl Settings {
    pub(crate) fn read(global: &GlobalArgs) -> Result<Self, Failure> {
        global.refuse_together(&["local", "host"])?;
        global.refuse_together(&["local", "profile"])?;
        global.refuse_together(&["local", "token-file", "token-command", "token-stdin"])?;
        let config = ConfigFile::read()?;
        let (by_flag, by_environment) = (source_by_flag(global), source_by_environment());
        let has_no_source = by_flag.is_none() && by_environment.is_none();
        let name = profile_in_effect(global, &config, has_no_source);
        if let (true, Some(skipped)) = (name.is_some() || has_no_source, &config.skipped) {
            return Err(Failure::usage(skipped.clone()));
        }
        let mut by_profile = None;
        let mut profile = None;
        if let Some(name) = &name {
            let origin = Origin::Profile(name.value.clone());
            let named = config.profile(&name.value)?;
            by_profile = named.source()?.map(|source| Setting::new(source, origin.clone()));
            profile = Some(Setting::new(named, origin));
        }
        if let (Some(flag), Some(Setting { value: Source::Local, .. })) = (&by_flag, &by_profile) {
            let problem = "can't be used with the local LaunchDarkly, which has its own credential";
            return Err(Failure::usage(format!("{}: {problem}", flag.origin)));
        }
        let credential = by_flag.or(by_profile).or(by_environment);
        let is_local = credential.as_ref().is_some_and(|source| source.value == Source::Local);
        let host = if is_local { None } else { Some(host(global, profile.as_ref())?) };
        Ok(Self { profile: name, host, credential, config })
    }

    /// Two sources that name different accounts, if neither is a flag.
    pub(crate) fn conflict(&self) -> Option<String> {
        fn unless_flag<T>(setting: Option<&Setting<T>>) -> Option<&Setting<T>> {
            setting.filter(|setting| !matches!(setting.origin, Origin::Flag(_)))
        }
        let profile = unless_flag(self.profile.as_ref());
        if let Some(source) = unless_flag(self.credential.as_ref()) {
            let is_used =
                matches!(&source.value, Source::Variable(name) if CREDENTIAL_VARIABLES.contains(&name.as_str()));
            if let (Some(Setting { value: name, origin: Origin::Variable(_) }), Some((variable, _)), false) =
                (profile, first_set(CREDENTIAL_VARIABLES), is_used)
            {
                return Some(format!(
                    "{PROFILE_VARIABLE} names the profile {name}, which has its own credential, but {variable} is set too"
                ));
            }
            if let (Origin::Variable(_), Some((first, second))) =
                (&source.origin, differing(CREDENTIAL_VARIABLES, |first, second| first.trim() == second.trim()))
            {
                return Some(format!("{first} and {second} hold different secrets"));
            }
        }
        if let Some(Setting { origin: Origin::Flag(_), .. }) = self.host {
            return None;
        }
        if let (None, Some(_), Some((first, second))) =
            (&self.profile, &self.host, differing(HOST_VARIABLES, is_same_host))
        {
            return Some(format!("{first} and {second} name different hosts"));
        }
        let (profile, (variable, other)) = (profile?, first_set(HOST_VARIABLES)?);
        let uses = self.host.as_ref().map_or("the local LaunchDarkly", |host| &host.value);
        let differs = self.host.is_none() || !is_same_host(uses, &other);
        differs.then(|| format!("{variable} is {other}, but the profile {} uses {uses}", profile.value))
    }

    /// Refuses to change anything while two sources name different accounts.
    pub(crate) fn refuse_conflict(&self) -> Result<(), Failure> {
        match self.conflict() {
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

    /// The folder of this `kind` for the account's host, with what the command has to know later: below `given`, the variable's
    /// folder, or the user's state folder.
    pub(crate) fn state_folder(&self, given: Option<&Path>, kind: &str) -> Result<PathBuf, Failure> {
        let variable = || std::env::var_os(STATE_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let usual = || Some(dirs::state_dir().or_else(dirs::data_local_dir)?.join("ldtokens"));
        let folder = given.map(Path::to_owned).or_else(variable).or_else(usual);
        let missing = || Failure::usage(format!("there is no state folder: set HOME or {STATE_VARIABLE}"));
        Ok(folder.ok_or_else(missing)?.join(kind).join(self.host_as_name()))
    }

    /// The account's host as the name of a folder.
    pub(crate) fn host_as_name(&self) -> String {
        let host = self.host.as_ref().map_or("local", |host| &host.value);
        let host = host.trim_start_matches("https://").trim_start_matches("http://");
        let host = host.trim_end_matches('/').trim_end_matches("/api/v2");
        host.chars().map(|sign| if sign.is_ascii_alphanumeric() || sign == '.' { sign } else { '_' }).collect()
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
        let profile = self.config.default.as_ref().filter(|_| self.profile.is_none());
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
    let mut set = names.iter().filter_map(|name| first_set(std::slice::from_ref(name)));
    let (first, value) = set.next()?;
    set.find(|(_, other)| !is_same(&value, other)).map(|(second, _)| (first, second))
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

fn host(global: &GlobalArgs, profile: Option<&Setting<&Profile>>) -> Result<Setting<String>, Failure> {
    let by_flag = global.host.clone().map(|host| Setting::new(host, Origin::Flag("host")));
    let host = by_flag.or_else(|| match profile {
        Some(profile) => profile.value.chosen_url().map(|host| Setting::new(host, profile.origin.clone())),
        None => first_set(HOST_VARIABLES).map(|(name, host)| Setting::new(host, Origin::Variable(name))),
    });
    let host = host.unwrap_or_else(|| Setting::new(Region::default().url().to_owned(), Origin::Default));
    if has_secret(&host.value) {
        // Resolving the host would send the secret to DNS servers.
        return Err(Failure::usage(format!("{}: the host contains a secret", host.origin)));
    }
    Ok(host)
}

impl Profile {
    pub(crate) fn source(&self) -> Result<Option<Source>, Failure> {
        let file = self.token_file.as_deref().map(in_home).transpose()?.map(Source::File);
        let local = self.local.then_some(Source::Local);
        let variable = self.token_variable.clone().map(Source::Variable);
        Ok(local.or(variable).or(file).or(self.token_command.clone().map(Source::Command)))
    }
}

/// Replaces `~/` at the start of the path with the user's home.
pub(crate) fn in_home(path: &Path) -> Result<PathBuf, Failure> {
    match path.strip_prefix("~") {
        Ok(rest) => match dirs::home_dir() {
            Some(home) => Ok(home.join(rest)),
            None => Err(Failure::usage(format!("{}: no home folder found", path.display()))),
        },
        Err(_) => Ok(path.to_owned()),
    }
}

fn source_by_flag(global: &GlobalArgs) -> Option<Setting<Source>> {
    let sources = [
        ("local", global.local.then_some(Source::Local)),
        ("token-file", global.token_file.clone().map(Source::File)),
        ("token-command", global.token_command.clone().map(Source::Command)),
        ("token-stdin", global.token_stdin.then_some(Source::Stdin)),
    ];
    sources.into_iter().find_map(|(flag, source)| Some(Setting::new(source?, Origin::Flag(flag))))
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
