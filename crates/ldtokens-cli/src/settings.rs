//! What applies, and why: flags, environment, and the profiles of the configuration file.
//!
//! A credential and its host belong together. So where a profile gives the credential, the environment's host does not
//! apply, and the other way round: no account's secret is ever sent to another's host, but for a `--host` that says so.

use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;
use ldtokens::{CREDENTIAL_VARIABLES, HOST_VARIABLES, Region};

use crate::config_file::{ConfigFile, Profile};
use crate::credential::Source;
use crate::failure::Failure;
use crate::redact::has_secret;

/// Names the profile that applies, as `--profile` does.
pub(crate) const PROFILE_VARIABLE: &str = "LDTOKENS_PROFILE";

/// Why something is as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Because {
    Flag(&'static str),
    Variable(&'static str),
    /// The profile of that name.
    Profile(String),
    /// The configuration file's `default`.
    ConfigFile,
    Default,
}

impl fmt::Display for Because {
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

/// A setting, and why it is so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) because: Because,
}

impl<T> Setting<T> {
    fn new(value: T, because: Because) -> Self {
        Self { value, because }
    }
}

/// What a command that speaks to the API goes by.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config_file: PathBuf,
    pub(crate) profile: Option<Setting<String>>,
    /// None for the embedded local LaunchDarkly, which is where it is.
    pub(crate) host: Option<Setting<String>>,
    /// None if there is no credential to be had.
    pub(crate) credential: Option<Setting<Source>>,
    /// What is set and does not apply, and why not.
    pub(crate) passed_over: Vec<String>,
}

impl Settings {
    pub(crate) fn read(arguments: &ArgMatches) -> Result<Self, Failure> {
        refuse_contradictions(arguments)?;
        let config = ConfigFile::read()?;
        let of_variables = first_set(CREDENTIAL_VARIABLES);
        let by_flag = source_by_flag(arguments);
        let is_local_by_flag = arguments.get_flag("local");

        let named =
            arguments.get_one::<String>("profile").map(|name| Setting::new(name.clone(), Because::Flag("profile")));
        let profile = named.or_else(|| {
            if of_variables.is_some() || by_flag.is_some() || is_local_by_flag {
                return None;
            }
            let name = std::env::var(PROFILE_VARIABLE).ok().filter(|name| !name.is_empty());
            let of_variable = name.map(|name| Setting::new(name, Because::Variable(PROFILE_VARIABLE)));
            of_variable.or_else(|| Some(Setting::new(config.default.clone()?, Because::ConfigFile)))
        });
        let of_profile = profile.as_ref().map(|profile| config.profile(&profile.value)).transpose()?;
        let because_profile = || Because::Profile(profile.as_ref().map(|it| it.value.clone()).unwrap_or_default());

        if let (Some(flag), true) = (&by_flag, of_profile.is_some_and(|profile| profile.local)) {
            return Err(Failure::usage(format!(
                "{}: the profile is the local LaunchDarkly, which brings its own",
                flag.because
            )));
        }
        let is_local = is_local_by_flag || (by_flag.is_none() && of_profile.is_some_and(|profile| profile.local));
        let credential = match (by_flag, of_profile) {
            _ if is_local && is_local_by_flag => Some(Setting::new(Source::Local, Because::Flag("local"))),
            (Some(by_flag), _) => Some(by_flag),
            (None, Some(profile)) => profile.source()?.map(|source| Setting::new(source, because_profile())),
            (None, None) => of_variables
                .as_ref()
                .map(|(name, _)| Setting::new(Source::Variable((*name).to_owned()), Because::Variable(name))),
        };
        let of_environment = first_set(HOST_VARIABLES);
        let mut passed_over = Vec::new();
        let host = if is_local {
            None
        } else if let Some(host) = arguments.get_one::<String>("host") {
            Some(Setting::new(host.clone(), Because::Flag("host")))
        } else if let Some(profile) = of_profile {
            let host = profile.host.clone().or_else(|| Some(profile.region?.region().url().to_owned()));
            let default = || Setting::new(Region::default().url().to_owned(), Because::Default);
            Some(host.map_or_else(default, |host| Setting::new(host, because_profile())))
        } else if let Some((name, host)) = &of_environment {
            Some(Setting::new(host.clone(), Because::Variable(name)))
        } else {
            Some(Setting::new(Region::default().url().to_owned(), Because::Default))
        };

        if let Some(host) = host.as_ref().filter(|host| has_secret(&host.value)) {
            // It would be looked up, and so told to whoever answers for names.
            return Err(Failure::usage(format!("{}: the host has a secret in it", host.because)));
        }
        for (name, what) in [(&of_variables, "credential"), (&of_environment, "host")] {
            let Some((name, _)) = name else { continue };
            let used = [credential.as_ref().map(|it| &it.because), host.as_ref().map(|it| &it.because)];
            if !used.contains(&Some(&Because::Variable(name))) {
                let instead = used[usize::from(what == "host")].unwrap_or(&Because::Flag("local"));
                passed_over.push(format!("{name}, since the {what} is {instead}'s"));
            }
        }
        if let (None, Some(default)) = (&profile, &config.default) {
            passed_over.push(format!("the default profile {default}, since the credential is not a profile's"));
        }
        Ok(Self { config_file: config.path, profile, host, credential, passed_over })
    }

    pub(crate) fn is_local(&self) -> bool {
        self.credential.as_ref().is_some_and(|source| source.value == Source::Local)
    }
}

impl Profile {
    fn source(&self) -> Result<Option<Source>, Failure> {
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

/// A path that begins with `~/` is in the user's home.
pub(crate) fn in_home(path: &std::path::Path) -> Result<PathBuf, Failure> {
    match path.strip_prefix("~") {
        Ok(rest) => match dirs::home_dir() {
            Some(home) => Ok(home.join(rest)),
            None => Err(Failure::usage(format!("{}: there is no home folder", path.display()))),
        },
        Err(_) => Ok(path.to_owned()),
    }
}

/// Refuses flags of which only one can hold.
fn refuse_contradictions(arguments: &ArgMatches) -> Result<(), Failure> {
    let is_given = |flag: &&str| arguments.value_source(flag) == Some(ValueSource::CommandLine);
    let alone = |flags: &[&str]| {
        let given: Vec<_> = flags.iter().filter(|flag| is_given(flag)).map(|flag| format!("--{flag}")).collect();
        match given.len() {
            0 | 1 => Ok(()),
            _ => Err(Failure::usage(format!("{} can't go together", given.join(" and ")))),
        }
    };
    alone(&["local", "host"])?;
    alone(&["local", "profile"])?;
    alone(&["local", "token-file", "token-command", "token-stdin"])
}

fn source_by_flag(arguments: &ArgMatches) -> Option<Setting<Source>> {
    if let Some(path) = arguments.get_one::<PathBuf>("token-file") {
        return Some(Setting::new(Source::File(path.clone()), Because::Flag("token-file")));
    }
    if let Some(command) = arguments.get_one::<String>("token-command") {
        return Some(Setting::new(Source::Command(command.clone()), Because::Flag("token-command")));
    }
    arguments.get_flag("token-stdin").then(|| Setting::new(Source::Stdin, Because::Flag("token-stdin")))
}

/// The first of the variables that is set and not empty. One that is not UTF-8 can be no secret and no host, and is refused
/// when it is used.
fn first_set(names: &'static [&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some((*name, value.to_string_lossy().into_owned()))
    })
}
