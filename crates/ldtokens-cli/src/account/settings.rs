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
use crate::terminal::{Failure, has_secret};

const PROFILE_VARIABLE: &str = "LDTOKENS_PROFILE";
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
        let profile = match &name {
            Some(name) => Some((config.profile(&name.value)?, Origin::Profile(name.value.clone()))),
            None => None,
        };
        let of_profile =
            |(profile, origin): &(&Profile, _)| Some(Setting::new(profile.source()?, Origin::clone(origin)));
        let by_profile = profile.as_ref().and_then(of_profile);
        if let (Some(flag), Some(Setting { value: Source::Local, .. })) = (&by_flag, &by_profile) {
            let problem = "can't be used with the local LaunchDarkly, which has its own credential";
            return Err(Failure::usage(format!("{}: {problem}", flag.origin)));
        }
        let credential = by_flag.or(by_profile).or(by_environment);
        let is_local = credential.as_ref().is_some_and(|source| source.value == Source::Local);
        let host = if is_local { None } else { Some(host(global, profile)?) };
        Ok(Self { profile: name, host, credential, config })
    }

    /// Two sources that name different accounts, if neither is a flag.
    pub(crate) fn conflict(&self) -> Option<String> {
        let profile = self.profile.as_ref().filter(|profile| !matches!(profile.origin, Origin::Flag(_)));
        let is_used =
            |source: &_| matches!(source, Source::Variable(name) if CREDENTIAL_VARIABLES.contains(&name.as_str()));
        match (&self.credential, profile, first_set(CREDENTIAL_VARIABLES)) {
            (
                Some(Setting { value: source, origin: Origin::Profile(_) }),
                Some(Setting { value: name, origin: Origin::Variable(_) }),
                Some((variable, _)),
            ) if !is_used(source) => {
                return Some(format!(
                    "{PROFILE_VARIABLE} names the profile {name}, which has its own credential, but {variable} is set too"
                ));
            }
            (Some(Setting { origin: Origin::Variable(_), .. }), ..) => {
                let is_same = |first: &str, second: &str| first.trim() == second.trim();
                if let Some((first, second)) = differing(CREDENTIAL_VARIABLES, is_same) {
                    return Some(format!("{first} and {second} hold different secrets"));
                }
            }
            _ => {}
        }
        match (&self.host, profile) {
            (Some(Setting { origin: Origin::Flag(_), .. }), _) => None,
            (Some(_), None) if self.profile.is_none() => {
                let (first, second) = differing(HOST_VARIABLES, is_same_host)?;
                Some(format!("{first} and {second} name different hosts"))
            }
            (_, None) => None,
            (_, Some(profile)) => {
                let ((variable, other), uses) = (first_set(HOST_VARIABLES)?, self.host_or_local());
                let differs = !is_same_host(uses, &other);
                differs.then(|| format!("{variable} is {other}, but the profile {} uses {uses}", profile.value))
            }
        }
    }

    /// Refuses to change anything while two sources name different accounts.
    pub(crate) fn refuse_conflict(&self) -> Result<(), Failure> {
        let todo = "say which account to change with --profile or --host, or unset one of them; `ldtokens config` shows what is used";
        self.conflict().map_or(Ok(()), |conflict| Err(Failure::usage(format!("{conflict}: {todo}"))))
    }

    fn host_or_local(&self) -> &str {
        self.host.as_ref().map_or("the local LaunchDarkly", |host| &host.value)
    }

    /// The account, for questions and results: its host and profile.
    pub(crate) fn account(&self) -> String {
        let profile = self.profile.as_ref().map_or_else(String::new, |profile| format!(", profile {}", profile.value));
        format!("{}{profile}", self.host_or_local())
    }

    /// The folder for this `kind` of state of the account's host: below `given`, the variable's, or the user's state folder.
    pub(crate) fn state_folder(&self, given: Option<&Path>, kind: &str) -> Result<PathBuf, Failure> {
        let variable = || std::env::var_os(STATE_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let usual = || Some(dirs::state_dir().or_else(dirs::data_local_dir)?.join("ldtokens"));
        let folder = given.map(Path::to_owned).or_else(variable).or_else(usual);
        let missing = || Failure::usage(format!("there is no state folder: set HOME or {STATE_VARIABLE}"));
        Ok(folder.ok_or_else(missing)?.join(kind).join(self.host_as_name()))
    }

    /// The account's host as the name of a folder.
    pub(crate) fn host_as_name(&self) -> String {
        host_as_name(self.host.as_ref().map_or("local", |host| &host.value))
    }

    /// The settings that are not used, and why.
    pub(crate) fn unused_settings(&self) -> Vec<String> {
        let local = &Origin::Flag("local");
        let credential = self.credential.as_ref().map_or(local, |source| &source.origin);
        let host = self.host.as_ref().map_or(local, |host| &host.origin);
        let set = |names| first_set(names).map(|(name, _)| name);
        let settings = [
            (set(CREDENTIAL_VARIABLES), "credential", credential),
            (set(HOST_VARIABLES), "host", host),
            (credential::mounted().map(|_| MOUNTED_VARIABLE), "credential", credential),
        ];
        let unused = settings.into_iter().filter_map(|(name, what, used)| {
            let name = name.filter(|name| Origin::Variable(name) != *used)?;
            Some(format!("{name}, because the {what} comes from {used}"))
        });
        let profile = self.config.default.as_ref().filter(|_| self.profile.is_none());
        let profile = profile
            .map(|name| format!("the default profile {name}, because the credential does not come from a profile"));
        unused.chain(profile).collect()
    }

    /// That a named profile's host is used in place of the environment's.
    pub(crate) fn unused_host(&self) -> Option<String> {
        let (variable, other) = first_set(HOST_VARIABLES)?;
        let host = self.host.as_ref().filter(|host| matches!(host.origin, Origin::Profile(_)))?;
        let differs = !is_same_host(&host.value, &other);
        differs.then(|| format!("{variable} is not used, because the host comes from {}", host.origin))
    }
}

/// The profile of `--profile`, or else of the environment, or else `by_default` that of the file.
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

/// The host as a part of a name, such as that of a folder.
pub(crate) fn host_as_name(host: &str) -> String {
    let host = host.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.trim_end_matches('/').trim_end_matches("/api/v2");
    host.chars().map(|sign| if sign.is_ascii_alphanumeric() || sign == '.' { sign } else { '_' }).collect()
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

fn host(global: &GlobalArgs, profile: Option<(&Profile, Origin)>) -> Result<Setting<String>, Failure> {
    let by_flag = global.host.clone().map(|host| Setting::new(host, Origin::Flag("host")));
    let host = by_flag.or_else(|| match profile {
        Some((profile, origin)) => Some(Setting::new(profile.chosen_url()?, origin)),
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
    pub(crate) fn source(&self) -> Option<Source> {
        let file = self.token_file.as_deref().map(|path| Source::File(in_home(path)));
        let local = self.local.then_some(Source::Local);
        let variable = self.token_variable.clone().map(Source::Variable);
        local.or(variable).or(file).or(self.token_command.clone().map(Source::Command))
    }
}

/// Replaces `~/` at the start of the path with the user's home, if there is one.
pub(crate) fn in_home(path: &Path) -> PathBuf {
    let in_home = || Some(dirs::home_dir()?.join(path.strip_prefix("~").ok()?));
    in_home().unwrap_or_else(|| path.to_owned())
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
