//! Where new secrets go: one way for every command that gets one.

mod advice;
mod prepared;

use std::collections::HashMap;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use ldtokens::{CallerIdentity, TokenId};
use ldtokens_lifecycle::destinations::{
    CommandDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination,
};
use ldtokens_lifecycle::{Delivery, Destination, Replaceable};
use ldtokens_plan::DestinationSpec;

use crate::account::connect::Session;
use crate::account::credential::{Source, shell};
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::nearest::did_you_mean;
use crate::terminal::failure::Failure;
use crate::terminal::output::field::Field;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::PrintArgs;
use crate::terminal::streams::{Discard, discard_of_stderr, discard_of_stdout};
pub(crate) use crate::verbs::deliver::advice::failure;
pub(crate) use crate::verbs::deliver::prepared::PreparedDelivery;
use crate::verbs::targets::Target;

/// Where new secrets go. All options but the last two can be repeated and combined.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where new secrets go")]
pub(crate) struct PlaceArgs {
    #[command(flatten)]
    pub(crate) secret: SecretArgs,

    /// Replace the value of a variable in a file of NAME=value lines
    #[arg(
        long,
        value_name = "FILE:VARIABLE",
        long_help = "Replace the value of a variable in a file of NAME=value lines. A variable or file that is not there is \
            refused, unless --create is given. The file is written as by --secret-to, once for all of its variables. A file that \
            Docker Compose, systemd, python-dotenv, node and bash would read differently is refused."
    )]
    env_file: Vec<String>,

    /// Add the variable or the file of --env-file if it is not there
    #[arg(long)]
    create: bool,

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

/// The token whose secret is delivered. A new one has no ID yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named<'a> {
    pub(crate) id: Option<&'a TokenId>,
    pub(crate) name: Option<&'a str>,
}

impl<'a> From<&'a Target> for Named<'a> {
    fn from(target: &'a Target) -> Self {
        Self { id: Some(&target.id), name: target.name.as_deref() }
    }
}

/// How a secret is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Print {
    /// As part of the token.
    WithToken,
    /// And nothing else with it.
    Alone,
}

/// The destinations of the secrets of all tokens, with the placeholders `{id}` and `{name}`.
#[derive(Debug, Default)]
pub(crate) struct Places {
    files: Vec<String>,
    /// Files and variables.
    env_files: Vec<(String, String)>,
    commands: Vec<String>,
    kubernetes: Vec<String>,
    github: Vec<(GithubFile, PathBuf, String)>,
    /// Of a file, without placeholders.
    described: Vec<DestinationSpec>,
    pub(crate) print: Option<Print>,
    keeps_previous: bool,
    pub(crate) overwrites: bool,
    /// Whether a variable that is not there may be added.
    pub(crate) creates: bool,
    /// The ID of the token in use, and the file that its secret was read from.
    own: Option<(TokenId, PathBuf)>,
}

impl Places {
    /// Reads the arguments. `-` with a format other than table means the printed token.
    pub(crate) fn read(global: &GlobalArgs, arguments: &PlaceArgs) -> Result<Self, Failure> {
        let mut places = Self {
            commands: arguments.secret.secret_to_command.clone(),
            kubernetes: arguments.kubernetes_secret.clone(),
            keeps_previous: arguments.keep_previous,
            overwrites: arguments.secret.overwrite,
            creates: arguments.create,
            ..Self::default()
        };
        for path in &arguments.secret.secret_to {
            match path.to_str() {
                Some("-") => {
                    let is_alone = global.format()? == Format::Table;
                    places.print = Some(if is_alone { Print::Alone } else { Print::WithToken });
                }
                Some(text) => places.files.push(text.to_owned()),
                None => return Err(Failure::usage("--secret-to: the name is not UTF-8")),
            }
        }
        for text in &arguments.env_file {
            let parts = text.rsplit_once(':').ok_or_else(|| Failure::usage("--env-file: give FILE:VARIABLE"))?;
            places.env_files.push((parts.0.to_owned(), parts.1.to_owned()));
        }
        let github = [(GithubFile::Output, &arguments.github_output), (GithubFile::Env, &arguments.github_env)];
        for (kind, name) in github.into_iter().flat_map(|(kind, names)| names.iter().map(move |name| (kind, name))) {
            let (flag, variable) = (github_flag(kind), kind.variable());
            let file = std::env::var_os(variable).filter(|file| !file.is_empty()).ok_or_else(|| {
                Failure::usage(format!("{flag}: {variable} is not set; this is no job of GitHub Actions"))
            })?;
            places.github.push((kind, file.into(), name.clone()));
        }
        if !global.dry_run {
            places.refuse_discarded()?;
        }
        Ok(places)
    }

    /// The destinations that a file describes.
    pub(crate) fn described(global: &GlobalArgs, specs: &[DestinationSpec]) -> Result<Self, Failure> {
        let places = Self { described: specs.to_vec(), ..Self::default() };
        if !global.dry_run {
            places.refuse_discarded()?;
        }
        Ok(places)
    }

    /// Refuses streams that discard what is written to them.
    fn refuse_discarded(&self) -> Result<(), Failure> {
        let lost = |what: &str, stream: &str, todo: &str| {
            Failure::usage(format!("{what}: {stream} is closed or /dev/null, and {todo}"))
        };
        if discard_of_stdout().is_some() {
            if self.print.is_some() {
                let todo = "the secret would be lost; give --secret-to FILE";
                return Err(lost("--secret-to -", "standard output", todo));
            }
            if self.prints_manifests() {
                return Err(lost("--kubernetes-secret", "standard output", "the manifest would be lost"));
            }
        }
        if !self.github.is_empty() && discard_of_stderr().is_some() {
            return Err(lost("--github-output, --github-env", "standard error", "the runner would not see the mask"));
        }
        Ok(())
    }

    /// The destinations for an operation. Without one, the secret is printed as part of the response.
    pub(crate) fn for_scripts(global: &GlobalArgs, arguments: &SecretArgs) -> Result<Self, Failure> {
        let mut places = Self::read(global, &PlaceArgs { secret: arguments.clone(), ..PlaceArgs::default() })?;
        if places.is_empty() {
            if !global.dry_run && discard_of_stdout() == Some(Discard::Closed) {
                return Err(Failure::usage(
                    "standard output is closed, and the new secret would be lost; give --secret-to FILE",
                ));
            }
            places.print = Some(Print::WithToken);
        }
        Ok(places)
    }

    /// The destinations for a verb. Without one, the secret is printed on a terminal, and never into a pipe.
    pub(crate) fn for_people(
        global: &GlobalArgs,
        arguments: &PlaceArgs,
        printed: Option<&PrintArgs>,
    ) -> Result<Self, Failure> {
        let mut places = Self::read(global, arguments)?;
        if places.is_empty() {
            if !io::stdout().is_terminal() && !global.dry_run {
                return Err(Failure::usage(
                    "standard output is not a terminal, so the new secret needs a place to go: use --secret-to FILE, \
                     --secret-to-command COMMAND, or --secret-to - for standard output",
                ));
            }
            places.print = Some(Print::WithToken);
        }
        if places.print.is_some() && !global.dry_run && !prints_secrets(global.format()?, printed) {
            return Err(Failure::usage(
                "with --quiet or --columns the new secret would not be printed: use --secret-to FILE or \
                 --secret-to-command COMMAND",
            ));
        }
        Ok(places)
    }

    /// Adds the file of the credential in use as a destination of its token's secret.
    pub(crate) fn with_own(mut self, caller: &CallerIdentity, source: Option<&Source>) -> Self {
        if let (Some(Source::File(path)), Some(id)) = (source, &caller.token_id) {
            self.own = Some((id.clone(), path.clone()));
        }
        self
    }

    /// Whether no destination was given.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = [&self.files, &self.commands, &self.kubernetes];
        let has_none = lists.iter().all(|list| list.is_empty());
        has_none
            && self.env_files.is_empty()
            && self.github.is_empty()
            && self.described.is_empty()
            && self.print.is_none()
    }

    /// Whether the token in use gets its new secret anyway.
    pub(crate) fn has_own(&self, id: &TokenId) -> bool {
        self.own.as_ref().is_some_and(|(own, _)| own == id)
    }

    /// Whether manifests are printed, so that nothing else may be.
    pub(crate) fn prints_manifests(&self) -> bool {
        let mut described = self.described.iter();
        !self.kubernetes.is_empty() || described.any(|spec| matches!(spec, DestinationSpec::Kubernetes { .. }))
    }

    /// Whether a token's name must be known.
    pub(crate) fn needs_name(&self) -> bool {
        let variables = self.env_files.iter().flat_map(|(file, variable)| [file, variable]);
        let names = self.github.iter().map(|(_, _, name)| name);
        self.files.iter().chain(variables).chain(&self.kubernetes).chain(names).any(|text| text.contains("{name}"))
    }

    /// Refuses destinations that can't hold the secrets of all these tokens.
    pub(crate) fn check<'a>(&self, tokens: impl Iterator<Item = Named<'a>> + Clone) -> Result<(), Failure> {
        let count = tokens.clone().count();
        if self.print == Some(Print::Alone) && count > 1 {
            return Err(Failure::usage(format!(
                "--secret-to -: {count} secrets alone don't say which token they belong to; add --output json, or give \
                 --secret-to '{{id}}.secret'"
            )));
        }
        let (mut labels, mut files) = (HashMap::new(), HashMap::new());
        for (number, named) in tokens.enumerate() {
            for destination in self.of(named)? {
                let part = destination.file();
                // A command can take several: it gets the token's ID.
                if part.is_none() && !destination.is_ephemeral() {
                    continue;
                }
                let label = destination.label();
                let mut is_shared = *labels.entry(label.clone()).or_insert(number) != number;
                // One file can have two names. Several variables in it are written one after the other if the name is the same.
                if let Some((part, path)) = part.and_then(|part| Some((part, fs::canonicalize(part.path()).ok()?))) {
                    let key = part.identity().map_or_else(|| path.display().to_string(), |id| format!("{id:?}"));
                    let file = (number, path, part.is_whole());
                    let (other, path, is_whole) = files.entry(key).or_insert_with(|| file.clone());
                    is_shared |= *other != number && (*is_whole || file.2 || *path != file.1);
                }
                if is_shared {
                    return Err(Failure::usage(format!(
                        "{label} can't hold the secrets of several tokens; put {{id}} or {{name}} in the name"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The destinations of one token's secret.
    pub(crate) fn of(&self, named: Named<'_>) -> Result<Vec<Box<dyn Destination>>, Failure> {
        let mut all: Vec<Box<dyn Destination>> = Vec::new();
        let refused = |flag: &'static str| move |reason: String| Failure::usage(format!("{flag}: {reason}"));
        if let Some((_, path)) = self.own.as_ref().filter(|(id, _)| named.id == Some(id)) {
            all.push(Box::new(FileDestination::new(path)));
        }
        for text in &self.files {
            let file = FileDestination::new(filled(text, named).map_err(refused("--secret-to"))?);
            all.push(Box::new(if self.keeps_previous { file.keep_previous() } else { file }));
        }
        for (file, variable) in &self.env_files {
            let destination =
                filled(file, named).and_then(|file| FileDestination::variable(file, filled(variable, named)?));
            all.push(Box::new(destination.map_err(refused("--env-file"))?));
        }
        for command in &self.commands {
            let line = command.clone();
            all.push(Box::new(CommandDestination::new(command, move || shell(&line))));
        }
        for text in &self.kubernetes {
            let destination = filled(text, named).and_then(|text| text.parse::<KubernetesDestination>());
            all.push(Box::new(destination.map_err(refused("--kubernetes-secret"))?));
        }
        for (kind, file, name) in &self.github {
            let destination = filled(name, named).and_then(|name| GithubDestination::new(*kind, file, name));
            all.push(Box::new(destination.map_err(refused(github_flag(*kind)))?));
        }
        for spec in &self.described {
            all.push(spec.destination().map_err(Failure::usage)?);
        }
        let unset = all.iter().find(|place| place.file().is_some_and(FileDestination::is_unset));
        match unset.filter(|_| !self.creates) {
            None => Ok(all),
            // What is mistyped would get the secret, and the programs that read the right one would not.
            Some(place) => {
                Err(Failure::usage(format!("{} is not there; if the name is right, add --create", place.label())))
            }
        }
    }

    /// Makes certain, before a secret is requested, that it can be delivered. What the token itself has may be replaced.
    pub(crate) async fn prepare(&self, session: &Session, named: Named<'_>) -> Result<PreparedDelivery, Failure> {
        Ok(PreparedDelivery { delivery: self.prepared(session, named).await?, print: self.print })
    }

    /// The same, without what is printed.
    pub(crate) async fn prepared(&self, session: &Session, named: Named<'_>) -> Result<Delivery, Failure> {
        let mut delivery = Delivery::new(self.of(named)?);
        let tokens: Vec<TokenId> = named.id.cloned().into_iter().collect();
        let replaceable = Replaceable { tokens: &tokens, anything: self.overwrites, ..Replaceable::default() };
        let preparing = async {
            delivery.prepare().await?;
            delivery.check(&session.client, replaceable).await
        };
        session.interrupt.unless(preparing).await?.map_err(|error| failure(error, None))?;
        Ok(delivery)
    }
}

fn github_flag(kind: GithubFile) -> &'static str {
    match kind {
        GithubFile::Output => "--github-output",
        GithubFile::Env => "--github-env",
    }
}

/// Replaces the placeholders by the token's ID and name. A name can't lead to another folder.
fn filled(text: &str, named: Named<'_>) -> Result<String, String> {
    const KNOWN: [&str; 2] = ["id", "name"];
    let mut words = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    if let Some(word) = words.find(|word| !KNOWN.contains(word)) {
        let hint = did_you_mean(word, KNOWN);
        return Err(format!("there is no placeholder `{{{word}}}` for a token{hint} (there are {{id}} and {{name}})"));
    }
    let id = named.id.map(TokenId::to_path_segment);
    if id.is_none() && text.contains("{id}") {
        return Err("a new token has no ID before it is created, so {id} can't be in the name".to_owned());
    }
    let name = named.name.filter(|name| !name.is_empty()).map(str::to_owned).or_else(|| id.clone());
    if name.is_none() && text.contains("{name}") {
        return Err("the token has no name for {name}".to_owned());
    }
    let name = name.unwrap_or_default().replace(['/', '\\', '\0'], "_");
    let name = if name.starts_with('.') { format!("_{name}") } else { name };
    Ok(text.replace("{id}", &id.unwrap_or_default()).replace("{name}", &name))
}

/// Whether a printed token would include its whole secret. Some commands that deliver secrets print no tokens.
fn prints_secrets(format: Format, printed: Option<&PrintArgs>) -> bool {
    match printed {
        Some(PrintArgs { quiet: true, .. }) => false,
        Some(PrintArgs { columns: Some(fields), .. }) => format != Format::Table && fields.iter().any(Field::is_secret),
        _ => true,
    }
}
