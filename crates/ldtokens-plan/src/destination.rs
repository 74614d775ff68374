use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ldtokens_lifecycle::Destination;
use ldtokens_lifecycle::destinations::{CommandDestination, FileDestination, KubernetesDestination};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the secret of a token goes.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum DestinationSpec {
    /// A file that contains only the secret.
    File(PathBuf),
    /// A variable of an env file, such as `{path: .env, variable: LD_ACCESS_TOKEN}`.
    #[serde(rename_all = "camelCase")]
    EnvFile {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
    },
    /// A program and its arguments. It gets the secret on its standard input.
    Command(Vec<String>),
    /// A key of a Kubernetes Secret: its manifest is printed, for `kubectl apply -f -`.
    #[serde(rename_all = "camelCase")]
    Kubernetes {
        /// The namespace; kubectl's current one by default.
        namespace: Option<String>,
        /// The name of the Secret.
        name: String,
        /// The key in it.
        key: String,
    },
}

/// Destinations that are taken: of a file its variables, or, as of anything else, all of it. A file with several names can be used
/// by one of them.
#[derive(Debug, Default)]
pub struct Taken(BTreeMap<String, BTreeSet<(PathBuf, Option<String>)>>);

impl Taken {
    /// Takes the destination. Returns whether it was free.
    pub fn take(&mut self, destination: &dyn Destination) -> bool {
        let (place, part) = match destination.file().map(FileDestination::part) {
            Some((file, path, variable)) => (file, (path, variable.map(str::to_owned))),
            None => (destination.identity(), Default::default()),
        };
        let parts = self.0.entry(place).or_default();
        let is_free = parts.iter().all(|(path, other)| *path == part.0 && other.is_some() && part.1.is_some());
        parts.insert(part) && is_free
    }
}

impl DestinationSpec {
    /// Makes a relative path one below `folder`.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Self::File(path) | Self::EnvFile { path, .. } = self
            && !path.as_os_str().is_empty()
        {
            *path = folder.join(&path);
        }
    }

    /// What is wrong with these destinations. `taken` has those before, in the same file of tokens or rotations. One file can
    /// have several names, so this looks at the files that there are.
    pub fn faults(specs: &[Self], taken: &mut Taken) -> Vec<String> {
        let fault = |spec: &Self| match spec.destination() {
            Err(text) => Some(text),
            Ok(destination) if taken.take(&*destination) => None,
            Ok(destination) => Some(format!("{} is a destination twice", destination.label())),
        };
        specs.iter().filter_map(fault).collect()
    }

    /// The destination.
    ///
    /// # Errors
    /// Why it can't be one.
    pub fn destination(&self) -> Result<Box<dyn Destination>, String> {
        Ok(match self {
            Self::File(path) | Self::EnvFile { path, .. } if path.file_name().is_none() => {
                return Err(format!("`{}` is not the name of a file", path.display()));
            }
            Self::File(path) | Self::EnvFile { path, .. }
                if ["{id}", "{name}"].iter().any(|word| path.to_string_lossy().contains(word)) =>
            {
                return Err(format!("`{}`: a file has no placeholders, so write the name out", path.display()));
            }
            Self::File(path) => Box::new(FileDestination::new(path)),
            Self::EnvFile { path, variable } => Box::new(FileDestination::variable(path, variable)?),
            Self::Command(words) => {
                let Some((program, arguments)) = words.split_first().filter(|(program, _)| !program.is_empty()) else {
                    return Err("a command needs a program".to_owned());
                };
                let (program, arguments) = (program.clone(), arguments.to_vec());
                let make = move || {
                    let mut command = Command::new(&program);
                    command.args(&arguments);
                    command
                };
                Box::new(CommandDestination::new(words.join(" "), make))
            }
            Self::Kubernetes { namespace, name, key } => {
                Box::new(KubernetesDestination::new(namespace.as_deref(), name, key)?)
            }
        })
    }
}
