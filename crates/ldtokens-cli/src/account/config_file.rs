//! The file of profiles: which accounts there are, and where the credential of each comes from. No secret is in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ldtokens::Region;
use serde::Deserialize;

use crate::files::private::writable_by_others;
use crate::files::text::decode;
use crate::nearest::did_you_mean;
use crate::terminal::failure::Failure;
use crate::terminal::redact::has_secret;

/// Names another file.
const VARIABLE: &str = "LDTOKENS_CONFIG";

/// More than a file of profiles has, in bytes.
const LONGEST: u64 = 256 * 1024;

/// What the file has.
const KEYS: [&str; 2] = ["default", "profiles"];

/// What a profile has.
const PROFILE_KEYS: [&str; 6] = ["host", "region", "token-variable", "token-file", "token-command", "local"];

/// The file's profiles.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ConfigFile {
    /// The profile that applies where none is named.
    #[serde(default)]
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
    #[serde(skip)]
    pub(crate) path: PathBuf,
}

/// An account, and how to reach it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    pub(crate) host: Option<String>,
    pub(crate) region: Option<RegionName>,
    /// An environment variable that holds the credential.
    pub(crate) token_variable: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) token_command: Option<String>,
    /// Whether it is the embedded local LaunchDarkly.
    #[serde(default)]
    pub(crate) local: bool,
}

/// A region, as the file names it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RegionName {
    Us,
    Eu,
    Federal,
}

impl RegionName {
    /// As the file has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
            Self::Federal => "federal",
        }
    }

    pub(crate) fn region(self) -> Region {
        match self {
            Self::Us => Region::Us,
            Self::Eu => Region::Eu,
            Self::Federal => Region::Federal,
        }
    }
}

impl ConfigFile {
    /// The file where `LDTOKENS_CONFIG` says, or else in the platform's usual place, where it need not be.
    pub(crate) fn read() -> Result<Self, Failure> {
        Self::find(false)
    }

    /// The same, to be changed: wherever it is, it need not be there yet.
    pub(crate) fn read_to_edit() -> Result<Self, Failure> {
        match Self::find(true)? {
            file if file.path.as_os_str().is_empty() => Err(Failure::usage("there is no home folder: set HOME")),
            file => Ok(file),
        }
    }

    fn find(may_be_missing: bool) -> Result<Self, Failure> {
        let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let is_named = named.is_some();
        let usual = || Some(dirs::config_dir()?.join("ldtokens").join("config.yaml"));
        let Some(path) = named.or_else(usual) else { return Ok(Self::default()) };
        let unusable = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && (!is_named || may_be_missing) => {
                return Ok(Self { path, ..Self::default() });
            }
            Err(error) => return Err(unusable(&error.to_string())),
        };
        // It names commands that are run.
        if writable_by_others(&file).map_err(|error| unusable(&error.to_string()))? {
            return Err(unusable("others may write to it, and it names commands to run: chmod go-w it"));
        }
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| unusable(&error.to_string()))?;
        if bytes.len() as u64 > LONGEST {
            return Err(unusable(&format!("it is larger than {} KiB", LONGEST / 1024)));
        }
        let text = decode(bytes).map_err(unusable)?;
        Self::parse(&text, &path).map_err(|reason| unusable(&reason))
    }

    /// Reads `text`. What it says of an error never repeats what is in the file, which may be a secret.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, String> {
        if has_secret(text) {
            return Err("it has a secret in it; say where one comes from, with token-file or token-command".to_owned());
        }
        if text.trim().is_empty() {
            return Ok(Self { path: path.to_owned(), ..Self::default() });
        }
        // Read as a struct, of two profiles with the same name the last would win.
        let _: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).map_err(|error| explained(&error))?;
        let mut file: Self = serde_yaml_ng::from_str(text).map_err(|error| explained(&error))?;
        path.clone_into(&mut file.path);
        for (name, profile) in &file.profiles {
            profile.check().map_err(|reason| format!("profile {name}: {reason}"))?;
        }
        match &file.default {
            Some(default) if !file.profiles.contains_key(default) => {
                Err("`default` names a profile that is not there".to_owned())
            }
            _ => Ok(file),
        }
    }

    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Failure> {
        self.profiles.get(name).ok_or_else(|| {
            let names: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let has = if names.is_empty() { "no profile".to_owned() } else { names.join(", ") };
            Failure::usage(format!("there is no profile `{name}`: {} has {has}", self.path.display()))
        })
    }
}

/// What is wrong, by line and key; never by value, which may be a secret.
fn explained(error: &serde_yaml_ng::Error) -> String {
    let text = error.to_string();
    let place = error.location().map_or_else(String::new, |at| format!("line {}: ", at.line()));
    let quoted = |before: &str, quote: char| {
        let (_, rest) = text.split_once(before)?;
        rest.split_once(quote).map(|(name, _)| name)
    };
    let before = |what: &str| text.split_once(what).map(|(path, _)| path);
    if let Some(key) = quoted("duplicate entry with key \"", '"') {
        return format!("{place}`{key}` is given twice");
    }
    if let Some(key) = quoted("unknown field `", '`') {
        let keys = if text.starts_with("profiles.") { &PROFILE_KEYS[..] } else { &KEYS[..] };
        let hint = did_you_mean(key, keys.iter().copied());
        return format!("{place}there is no key `{key}`{hint} (the keys are {})", keys.join(", "));
    }
    if text.contains("unknown variant `") {
        return format!("{place}a region is us, eu or federal");
    }
    if let Some(path) = before(": invalid type") {
        return format!("{place}`{path}` has a value of the wrong type");
    }
    format!("{place}it is not YAML with `default` and `profiles`")
}

impl Profile {
    /// Where its account is.
    pub(crate) fn url(&self) -> String {
        let region = || self.region.map_or_else(Region::default, RegionName::region).url().to_owned();
        self.host.clone().unwrap_or_else(region)
    }

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.host.is_some() && self.region.is_some() {
            return Err("it has both a host and a region");
        }
        if self.local && (self.host.is_some() || self.region.is_some()) {
            return Err("it is local, so it has neither a host nor a region");
        }
        let sources =
            [self.token_variable.is_some(), self.token_file.is_some(), self.token_command.is_some(), self.local];
        match sources.into_iter().filter(|given| *given).count() {
            0 | 1 => Ok(()),
            _ => Err("its credential comes from more than one place"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ConfigFile;

    #[test]
    fn what_cannot_be_is_refused_without_repeating_it() {
        for text in [
            "profiles: {a: {token: hunter2}}",
            "profiles: {a: {host: hunter2, region: eu}}",
            "profiles: {a: {region: hunter2}}",
            "profiles: {a: {token-file: hunter2, token-command: hunter2}}",
            "profiles: {a: {local: true, host: hunter2}}",
            "default: hunter2",
            "hunter2",
            "profiles: {a: {local: hunter2}}",
            "profiles: {a: {token-file: [hunter2]}}",
            "default: a\ndefault: hunter2",
            "a: 'hunter2",
            "# api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b hunter2",
        ] {
            let reason = ConfigFile::parse(text, Path::new("x")).unwrap_err();
            assert!(!reason.contains("hunter2") && !reason.contains("0b1c2d3e"), "{reason}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_key() {
        for (text, words) in [
            ("profiles:\n  a:\n    hots: x", &["line 3", "no key `hots`", "did you mean `host`"][..]),
            ("profile: {}", &["line 1", "no key `profile`", "did you mean `profiles`"]),
            ("profiles:\n  a: {host: x}\n  b: {}\n  a: {host: y}", &["`a` is given twice"]),
            ("profiles:\n  a:\n    host: x\n    host: y", &["`host` is given twice"]),
            ("profiles: {a: {host: [x]}}", &["`profiles.a.host`", "wrong type"]),
            ("profiles: {a: {region: mars}}", &["us, eu or federal"]),
            ("profiles: {a: {token-file: ", &["line ", "not YAML"]),
        ] {
            let reason = ConfigFile::parse(text, Path::new("x")).unwrap_err();
            for word in words {
                assert!(reason.contains(word), "{word} in {reason}");
            }
        }
    }

    #[test]
    fn a_file_of_profiles_is_read() {
        let text = "default: work\nprofiles:\n  work:\n    region: eu\n    token-command: op read op://a/b\n  play: {local: true}\n";
        let file = ConfigFile::parse(text, Path::new("x")).unwrap();
        assert_eq!(file.default.as_deref(), Some("work"));
        assert_eq!(file.profiles["work"].token_command.as_deref(), Some("op read op://a/b"));
        assert!(file.profiles["play"].local);
        assert!(ConfigFile::parse("", Path::new("x")).unwrap().profiles.is_empty());
    }
}
