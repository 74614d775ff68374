use std::collections::BTreeSet;
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

impl DestinationSpec {
    /// Makes a relative path one below `folder`.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Self::File(path) | Self::EnvFile { path, .. } = self {
            *path = folder.join(&path);
        }
    }

    /// What is wrong with these destinations. `seen` has the identities of those before, in the same file.
    pub fn faults(specs: &[Self], seen: &mut BTreeSet<String>) -> Vec<String> {
        let fault = |spec: &Self| match spec.destination() {
            Err(text) => Some(text),
            Ok(destination) if seen.insert(destination.identity()) => None,
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
            Self::File(path) => Box::new(FileDestination::new(path)),
            Self::EnvFile { path, variable } => Box::new(FileDestination::variable(path, variable)?),
            Self::Command(words) => {
                let Some((program, arguments)) = words.split_first() else {
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
                let (namespace, name, key) = (namespace.clone(), name.clone(), key.clone());
                Box::new(KubernetesDestination { namespace, name, key })
            }
        })
    }
}
