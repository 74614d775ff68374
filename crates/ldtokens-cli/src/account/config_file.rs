//! The configuration file: profiles, each with an account and the source of its credential. It contains no secrets.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ldtokens::Region;
use serde::{Deserialize, Deserializer, Serialize};
use serde_saphyr::{Error, Location, MergeKeyPolicy, options};

use crate::files::{belongs_to_another, reason, text, writable_by_others};
use crate::nearest::did_you_mean;
use crate::terminal::{Failure, has_secret};

/// The maximum size of the file, in bytes.
const MAX_SIZE: u64 = 256 * 1024;

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ConfigFile {
    /// The profile that is used if none is named.
    #[serde(default)]
    pub(crate) default: Option<String>,
    #[serde(default, deserialize_with = "profiles")]
    pub(crate) profiles: BTreeMap<String, Profile>,
    #[serde(skip)]
    pub(crate) path: PathBuf,
    /// Why the file in the user's folder was not read, if it is there and can't be or must not be.
    #[serde(skip)]
    pub(crate) skipped: Option<String>,
}

/// An account, and the source of its credential.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    pub(crate) host: Option<String>,
    pub(crate) region: Option<RegionName>,
    /// An environment variable that holds the credential.
    pub(crate) token_variable: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) token_command: Option<String>,
    /// Whether it uses the embedded local LaunchDarkly.
    #[serde(default)]
    pub(crate) local: bool,
}

/// A region as the file names it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RegionName {
    Us,
    Eu,
    Federal,
}

impl ConfigFile {
    /// Reads the file that `LDTOKENS_CONFIG` names, which has to exist, or else the default one, which need not exist.
    pub(crate) fn read() -> Result<Self, Failure> {
        Self::find(false)
    }

    /// Reads the file to change it. It need not exist yet.
    pub(crate) fn read_to_edit() -> Result<Self, Failure> {
        Self::find(true)
    }

    fn find(is_edited: bool) -> Result<Self, Failure> {
        let named = std::env::var_os("LDTOKENS_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let is_named = named.is_some();
        let usual = || Some(dirs::config_dir()?.join("ldtokens").join("config.yaml"));
        let Some(path) = named.or_else(usual) else {
            let missing = Failure::usage("no home folder found: set HOME");
            return if is_edited { Err(missing) } else { Ok(Self::default()) };
        };
        let unusable = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
        // One that isn't read is no error if the environment has all that is needed.
        let skipped = |reason: &str| match is_named || is_edited {
            true => Err(unusable(reason)),
            false => Ok(Self { path: path.clone(), skipped: Some(unusable(reason).to_string()), ..Self::default() }),
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && (!is_named || is_edited) => {
                return Ok(Self { path, ..Self::default() });
            }
            // HOME is /dev/null or another user's, as in containers and services.
            Err(error) => return skipped(&reason(&error)),
        };
        // It contains commands that are run: they must be this user's.
        if !is_named && belongs_to_another(&file) {
            return skipped("it belongs to another user, and it can contain commands to run");
        }
        if writable_by_others(&file) {
            let problem = "other users can write to it, and it contains commands to run: run `chmod go-w";
            return Err(unusable(&format!("{problem} {}`", path.display())));
        }
        let file = text::read(file, MAX_SIZE).and_then(|text| Self::parse(&text, &path));
        file.map_err(|reason| unusable(&reason))
    }

    /// Parses `text`. Errors never contain values, which may be secrets.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, String> {
        if has_secret(text) {
            return Err("it contains a secret; name its source instead, with token-file or token-command".to_owned());
        }
        let options = options! { strict_booleans: true, merge_keys: MergeKeyPolicy::AsOrdinary, with_snippet: false };
        let file: Result<Option<Self>, _> = serde_saphyr::from_str_with_options(text, options);
        // An empty document has no profiles.
        let file = file.map_err(|error| describe(&error, text))?.unwrap_or_default();
        let file = Self { path: path.to_owned(), ..file };
        for (name, profile) in &file.profiles {
            profile.check().map_err(|reason| format!("profile {name}: {reason}"))?;
        }
        match &file.default {
            Some(default) if !file.profiles.contains_key(default) => {
                Err("`default` names a profile that does not exist".to_owned())
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

/// The profiles. An empty value is no profiles, or a profile without settings.
fn profiles<'de, D: Deserializer<'de>>(value: D) -> Result<BTreeMap<String, Profile>, D::Error> {
    let profiles: Option<BTreeMap<String, Option<Profile>>> = Deserialize::deserialize(value)?;
    Ok(profiles.unwrap_or_default().into_iter().map(|(name, profile)| (name, profile.unwrap_or_default())).collect())
}

/// Names the line and the key, but no value, which may be a secret.
fn describe(error: &Error, text: &str) -> String {
    let line = error.location().map_or_else(String::new, |location| format!("line {}: ", location.line()));
    let problem = match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("`{key}` is given twice"),
        Error::SerdeUnknownField { field, expected, .. } => format!(
            "there is no key `{field}`{} (the keys are {})",
            did_you_mean(field, expected.iter().copied()),
            expected.join(", ")
        ),
        Error::SerdeUnknownVariant { expected, .. } => format!("`region` must be one of {}", expected.join(", ")),
        _ => match error.location().and_then(|location| key_before(text, location)) {
            Some(key) => format!("the value of `{key}` has the wrong type"),
            None => "it is not YAML with `default` and `profiles`".to_owned(),
        },
    };
    line + &problem
}

/// The known key whose value begins at `location`.
fn key_before(text: &str, location: Location) -> Option<&'static str> {
    let before = text.get(..usize::try_from(location.span().byte_offset()?).ok()?)?;
    let key = before.trim_end().strip_suffix(':')?.rsplit([' ', '\n', '{', ',']).next()?;
    let keys = ["default", "profiles", "host", "region", "token-variable", "token-file", "token-command", "local"];
    keys.into_iter().find(|known| *known == key)
}

impl Profile {
    pub(crate) fn url(&self) -> String {
        self.chosen_url().unwrap_or_else(|| Region::default().url().to_owned())
    }

    /// The API's URL, if the profile names a host or region.
    pub(crate) fn chosen_url(&self) -> Option<String> {
        let region = self.region.map(|region| match region {
            RegionName::Us => Region::Us,
            RegionName::Eu => Region::Eu,
            RegionName::Federal => Region::Federal,
        });
        self.host.clone().or_else(|| Some(region?.url().to_owned()))
    }

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.host.is_some() && self.region.is_some() {
            return Err("`host` and `region` can't be used together");
        }
        if self.local && (self.host.is_some() || self.region.is_some()) {
            return Err("`local` can't be used together with `host` or `region`");
        }
        let sources =
            [self.token_variable.is_some(), self.token_file.is_some(), self.token_command.is_some(), self.local];
        match sources.into_iter().filter(|given| *given).count() {
            0 | 1 => Ok(()),
            _ => Err(
                "the credential comes from one place: only one of `token-variable`, `token-file`, `token-command` and `local` can be used",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ConfigFile;

    #[test]
    fn an_error_does_not_repeat_values() {
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
    fn an_error_names_line_and_key() {
        for (text, words) in [
            ("profiles:\n  a:\n    hots: x", &["line 3", "no key `hots`", "did you mean `host`"][..]),
            ("profile: {}", &["line 1", "no key `profile`", "did you mean `profiles`"]),
            ("profiles:\n  a: {host: x}\n  b: {}\n  a: {host: y}", &["`a` is given twice"]),
            ("profiles:\n  a:\n    host: x\n    host: y", &["`host` is given twice"]),
            ("profiles: {a: {host: [x]}}", &["line 1", "`host`", "wrong type"]),
            ("profiles:\n  a:\n    token-file:\n      - x", &["line 4", "`token-file`", "wrong type"]),
            ("profiles:\n  ä: {local: maybe}", &["line 2", "`local`", "wrong type"]),
            ("default: a\nprofiles: x", &["line 2", "`profiles`", "wrong type"]),
            ("profiles: {a: {<<: {host: x}}}", &["line 1", "`<<`"]),
            ("profiles: {a: {region: mars}}", &["line 1", "`region` must be one of us, eu, federal"]),
            ("profiles: {a: {token-file: ", &["line ", "not YAML"]),
        ] {
            let reason = ConfigFile::parse(text, Path::new("x")).unwrap_err();
            for word in words {
                assert!(reason.contains(word), "{word} in {reason}");
            }
        }
    }

    #[test]
    fn a_configuration_file_is_read() {
        let text = "default: work\nprofiles:\n  work:\n    region: eu\n    token-command: op read op://a/b\n  play: {local: true}\n";
        let file = ConfigFile::parse(text, Path::new("x")).unwrap();
        assert_eq!(file.default.as_deref(), Some("work"));
        assert_eq!(file.profiles["work"].token_command.as_deref(), Some("op read op://a/b"));
        assert!(file.profiles["play"].local);
        for text in ["", "\n", "# none\n", "profiles:\n", "profiles: {}\n", "---\n"] {
            assert!(ConfigFile::parse(text, Path::new("x")).unwrap().profiles.is_empty(), "{text:?}");
        }
        for text in ["profiles:\n  a:\n", "profiles: {a: {}}"] {
            let file = ConfigFile::parse(text, Path::new("x")).unwrap();
            assert_eq!(file.profiles["a"], super::Profile::default(), "{text:?}");
        }
    }

    #[test]
    fn a_file_that_is_nested_too_deep_is_an_error() {
        for part in ["[", "{a: ", "? ", "- "] {
            let error = ConfigFile::parse(&part.repeat(60_000), Path::new("x")).unwrap_err();
            assert!(error.contains("not YAML"), "{part:?}: {error}");
        }
    }
}
