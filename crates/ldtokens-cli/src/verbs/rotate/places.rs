//! Where new secrets go.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use ldtokens::{CallerIdentity, TokenId};
use ldtokens_lifecycle::Destination;
use ldtokens_lifecycle::destinations::{
    CommandDestination, EnvFileDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination,
    KubernetesSecret,
};

use crate::account::credential::{Source, shell};
use crate::terminal::failure::Failure;
use crate::verbs::rotate::selection::Selected;

const HEADING: &str = "Where new secrets go";

/// Where new secrets go. All options but the last can be repeated and combined.
#[derive(Args, Debug)]
#[command(next_help_heading = HEADING)]
pub(crate) struct PlaceArgs {
    /// Replace the contents of a file, which keeps its mode and owner
    #[arg(
        long,
        value_name = "FILE",
        long_help = "Replace the contents of a file, which keeps its mode and owner. A reader finds the old secret or the new one, \
            never half. A new file can only be read by you. In this and the next ones {id} and {name} stand for the token's; all \
            can be repeated and combined."
    )]
    secret_to: Vec<PathBuf>,

    /// Replace the value of a variable in a file of NAME=value lines
    #[arg(long, value_name = "FILE:VARIABLE")]
    env_file: Vec<String>,

    /// Pipe the new secret to a command, e.g. 'gh secret set LD_TOKEN'
    #[arg(
        long,
        value_name = "COMMAND",
        long_help = "Pipe the new secret, without a newline, to a command. It runs in a shell, with LDTOKENS_TOKEN_ID, \
            LDTOKENS_TOKEN_NAME and LDTOKENS_OLD_EXPIRES in its environment and without the credential. What it prints goes to \
            standard error."
    )]
    secret_to_command: Vec<String>,

    /// Print the manifest of a Kubernetes Secret, for kubectl apply -f -
    #[arg(long, value_name = "[NAMESPACE/]NAME[:KEY]")]
    kubernetes_secret: Vec<String>,

    /// In GitHub Actions, mask the secret and write it to $GITHUB_OUTPUT
    #[arg(long, value_name = "NAME")]
    github_output: Vec<String>,

    /// In GitHub Actions, mask the secret and write it to $GITHUB_ENV
    #[arg(long, value_name = "NAME")]
    github_env: Vec<String>,

    /// Keep the old contents of --secret-to's file in FILE.previous
    #[arg(long)]
    keep_previous: bool,
}

/// A destination as it was given, with the placeholders `{id}` and `{name}`.
enum Template {
    File(String),
    EnvFile(String, String),
    Command(String),
    Kubernetes(String),
    Github(GithubFile, PathBuf, String),
}

/// The destinations of the secrets of all tokens.
pub(crate) struct Places {
    templates: Vec<Template>,
    keeps_previous: bool,
    /// The ID of the token in use, and the file that its secret was read from.
    own: Option<(TokenId, PathBuf)>,
    uses_standard_output: Cell<bool>,
}

impl Places {
    /// Reads the arguments.
    pub(crate) fn read(
        arguments: &PlaceArgs,
        caller: &CallerIdentity,
        source: Option<&Source>,
    ) -> Result<Self, Failure> {
        let mut templates = Vec::new();
        for path in &arguments.secret_to {
            let text = path.to_str().ok_or_else(|| Failure::usage("--secret-to: the name is not UTF-8"))?;
            if text == "-" {
                return Err(Failure::usage(
                    "--secret-to: what is printed can't be read back; give a file or a command",
                ));
            }
            templates.push(Template::File(text.to_owned()));
        }
        for text in &arguments.env_file {
            let (file, variable) =
                text.rsplit_once(':').ok_or_else(|| Failure::usage("--env-file: give FILE:VARIABLE"))?;
            templates.push(Template::EnvFile(file.to_owned(), variable.to_owned()));
        }
        templates.extend(arguments.secret_to_command.iter().cloned().map(Template::Command));
        templates.extend(arguments.kubernetes_secret.iter().cloned().map(Template::Kubernetes));
        let github = [
            ("github-output", GithubFile::Output, &arguments.github_output),
            ("github-env", GithubFile::Env, &arguments.github_env),
        ];
        for (flag, kind, names) in github {
            for text in names {
                let file = std::env::var_os(kind.variable()).filter(|file| !file.is_empty()).ok_or_else(|| {
                    Failure::usage(format!(
                        "--{flag}: {} is not set; this is no job of GitHub Actions",
                        kind.variable()
                    ))
                })?;
                templates.push(Template::Github(kind, file.into(), text.to_owned()));
            }
        }
        let uses_standard_output =
            templates.iter().any(|template| matches!(template, Template::Kubernetes(_) | Template::Github(..)));
        let own = match (source, &caller.token_id) {
            (Some(Source::File(path)), Some(id)) => Some((id.clone(), path.clone())),
            _ => None,
        };
        let uses_standard_output = Cell::new(uses_standard_output);
        Ok(Self { templates, keeps_previous: arguments.keep_previous, own, uses_standard_output })
    }

    /// Refuses destinations that can't hold the secrets of the `selected` tokens, before anything is changed.
    pub(crate) fn check(
        &self,
        selected: &[Selected],
        caller: &CallerIdentity,
        source: Option<&Source>,
    ) -> Result<(), Failure> {
        let mut seen = std::collections::BTreeSet::new();
        for selected in selected.iter().filter(|selected| !selected.is_waiting) {
            let is_own = caller.token_id.as_ref() == Some(&selected.id);
            if self.templates.is_empty() && !(is_own && self.own.is_some()) {
                let hint = match source {
                    Some(source) if is_own => format!(", so that {source} gives it next time"),
                    _ => String::new(),
                };
                return Err(Failure::usage(format!(
                    "say where the new secret goes{hint}: --secret-to FILE, --env-file FILE:VARIABLE, --secret-to-command \
                     COMMAND, or others in `ldtokens rotate --help`"
                )));
            }
            for template in &self.templates {
                template.destination(selected, self.keeps_previous).map_err(Failure::usage)?;
                if let Some(place) = template.shared(selected).filter(|place| !seen.insert(place.clone())) {
                    return Err(Failure::usage(format!(
                        "{place} can't hold the secrets of several tokens; put {{id}} or {{name}} in the name"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Whether secrets are printed, so that nothing else may be. Returns true only once.
    pub(crate) fn take_standard_output(&self) -> bool {
        self.uses_standard_output.replace(false)
    }

    /// The destinations of one token's secret. [`check`](Self::check) has verified that they are valid.
    pub(crate) fn of(&self, selected: &Selected) -> Vec<Box<dyn Destination>> {
        let own = self.own.as_ref().filter(|(id, _)| *id == selected.id).map(|(_, path)| path);
        let own = own.filter(|path| !self.names(path, selected));
        let own = own.map(|path| Box::new(FileDestination::new(path)) as Box<dyn Destination>);
        let others =
            self.templates.iter().filter_map(|template| template.destination(selected, self.keeps_previous).ok());
        own.into_iter().chain(others).collect()
    }

    /// Whether a template names the file at `path`.
    fn names(&self, path: &Path, selected: &Selected) -> bool {
        let real = fs::canonicalize(path).ok();
        self.templates.iter().any(|template| match template {
            Template::File(text) => {
                let file = PathBuf::from(filled(text, selected));
                file == path || real.is_some() && fs::canonicalize(file).ok() == real
            }
            _ => false,
        })
    }
}

impl Template {
    fn destination(&self, selected: &Selected, keeps_previous: bool) -> Result<Box<dyn Destination>, String> {
        Ok(match self {
            Self::File(text) => {
                let file = FileDestination::new(filled(text, selected));
                Box::new(if keeps_previous { file.keep_previous() } else { file })
            }
            Self::EnvFile(file, variable) => {
                let (file, variable) = (filled(file, selected), filled(variable, selected));
                Box::new(EnvFileDestination::new(file, variable).map_err(|reason| format!("--env-file: {reason}"))?)
            }
            Self::Command(text) => {
                let text = text.clone();
                Box::new(CommandDestination::new(move || shell(&text)))
            }
            Self::Kubernetes(text) => {
                let secret: KubernetesSecret =
                    filled(text, selected).parse().map_err(|reason| format!("--kubernetes-secret: {reason}"))?;
                Box::new(KubernetesDestination::new(secret))
            }
            Self::Github(kind, file, name) => {
                let name = filled(name, selected);
                Box::new(
                    GithubDestination::new(*kind, file, name)
                        .map_err(|reason| format!("the name in {}: {reason}", kind.variable()))?,
                )
            }
        })
    }

    /// The destination's name, if it can hold only one token's secret. A command can take several: it gets the token's ID.
    fn shared(&self, selected: &Selected) -> Option<String> {
        match self {
            Self::Command(_) => None,
            Self::File(text) | Self::Kubernetes(text) => Some(filled(text, selected)),
            Self::EnvFile(file, variable) => Some(filled(&format!("{file}:{variable}"), selected)),
            Self::Github(kind, _, name) => Some(format!("{} in {}", filled(name, selected), kind.variable())),
        }
    }
}

/// Replaces the placeholders by the token's ID and name. A name can't lead to another folder.
fn filled(text: &str, selected: &Selected) -> String {
    let name = selected.name.clone().unwrap_or_else(|| selected.id.to_string());
    let name = name.replace(['/', '\\', '\0'], "_");
    let name = if name.starts_with('.') { format!("_{name}") } else { name };
    text.replace("{id}", &selected.id.to_path_segment()).replace("{name}", &name)
}
