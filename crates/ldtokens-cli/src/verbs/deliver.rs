//! Where new secrets go: one way for every command that gets one.

mod handing;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use ldtokens::{CallerIdentity, TokenId};
use ldtokens_lifecycle::destinations::{
    CommandDestination, EnvFileDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination,
    KubernetesSecret,
};
use ldtokens_lifecycle::{Delivery, Destination, Replaceable};
use ldtokens_plan::DestinationSpec;

use crate::account::connect::Session;
use crate::account::credential::{Source, shell};
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::terminal::failure::Failure;
use crate::terminal::output::field::Field;
use crate::terminal::output::format::Format;
use crate::terminal::output::printer::PrintArgs;
use crate::terminal::streams::{Discard, discard_of_stderr, discard_of_stdout};
pub(crate) use crate::verbs::deliver::handing::{Handing, not_ready};

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
        long_help = "Replace the value of a variable in a file of NAME=value lines, or add a line. The file is written as by \
            --secret-to, once for all of its variables. A file that Docker Compose, systemd, python-dotenv, node and bash would \
            read differently is refused."
    )]
    env_file: Vec<String>,

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

/// A destination as it was given, with the placeholders `{id}` and `{name}`.
#[derive(Debug)]
enum Template {
    File(String),
    EnvFile(String, String),
    Command(String),
    Kubernetes(String),
    Github(GithubFile, PathBuf, String),
    /// Of a file, without placeholders.
    Described(DestinationSpec),
}

/// How a secret is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Print {
    /// As part of the token.
    WithToken,
    /// And nothing else with it.
    Alone,
}

/// The destinations of the secrets of all tokens.
#[derive(Debug)]
pub(crate) struct Places {
    templates: Vec<Template>,
    pub(crate) print: Option<Print>,
    keeps_previous: bool,
    pub(crate) overwrites: bool,
    /// The ID of the token in use, and the file that its secret was read from.
    own: Option<(TokenId, PathBuf)>,
}

impl Places {
    /// Reads the arguments. `-` with a format other than table means the printed token.
    pub(crate) fn read(global: &GlobalArgs, arguments: &PlaceArgs) -> Result<Self, Failure> {
        let mut templates = Vec::new();
        let mut print = None;
        for path in &arguments.secret.secret_to {
            match path.to_str() {
                Some("-") => {
                    print = Some(if global.format()? == Format::Table { Print::Alone } else { Print::WithToken })
                }
                Some(text) => templates.push(Template::File(text.to_owned())),
                None => return Err(Failure::usage("--secret-to: the name is not UTF-8")),
            }
        }
        for text in &arguments.env_file {
            let (file, variable) =
                text.rsplit_once(':').ok_or_else(|| Failure::usage("--env-file: give FILE:VARIABLE"))?;
            templates.push(Template::EnvFile(file.to_owned(), variable.to_owned()));
        }
        templates.extend(arguments.secret.secret_to_command.iter().cloned().map(Template::Command));
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
        let places = Self {
            templates,
            print,
            keeps_previous: arguments.keep_previous,
            overwrites: arguments.secret.overwrite,
            own: None,
        };
        if !global.dry_run {
            places.refuse_discarded()?;
        }
        Ok(places)
    }

    /// The destinations that a file describes.
    pub(crate) fn described(global: &GlobalArgs, specs: &[DestinationSpec]) -> Result<Self, Failure> {
        let mut places = Self::read(global, &PlaceArgs::default())?;
        places.templates = specs.iter().cloned().map(Template::Described).collect();
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
                return Err(lost(
                    "--secret-to -",
                    "standard output",
                    "the secret would be lost; give --secret-to FILE",
                ));
            }
            if self.prints_manifests() {
                return Err(lost("--kubernetes-secret", "standard output", "the manifest would be lost"));
            }
        }
        let masks = self.templates.iter().any(|template| matches!(template, Template::Github(..)));
        if masks && discard_of_stderr().is_some() {
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
        self.templates.is_empty() && self.print.is_none()
    }

    /// Whether the token in use gets its new secret anyway.
    pub(crate) fn has_own(&self, id: &TokenId) -> bool {
        self.own.as_ref().is_some_and(|(own, _)| own == id)
    }

    /// Whether manifests are printed, so that nothing else may be.
    pub(crate) fn prints_manifests(&self) -> bool {
        let prints = |template: &Template| {
            matches!(template, Template::Kubernetes(_) | Template::Described(DestinationSpec::Kubernetes { .. }))
        };
        self.templates.iter().any(prints)
    }

    /// Whether a token's name must be known.
    pub(crate) fn needs_name(&self) -> bool {
        self.templates.iter().any(|template| template.texts().iter().any(|text| text.contains("{name}")))
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
        let mut seen: Vec<(String, Option<PathBuf>)> = Vec::new();
        for named in tokens {
            for template in &self.templates {
                let destination = template.destination(named, self.keeps_previous).map_err(Failure::usage)?;
                // A command can take several: it gets the token's ID.
                if matches!(template, Template::Command(_)) {
                    continue;
                }
                let label = destination.label();
                // One file can have two names.
                let file = destination.file().and_then(|part| std::fs::canonicalize(part.path()).ok());
                let is_whole = matches!(template, Template::File(_));
                if seen.iter().any(|(other, path)| *other == label || is_whole && file.is_some() && *path == file) {
                    return Err(Failure::usage(format!(
                        "{label} can't hold the secrets of several tokens; put {{id}} or {{name}} in the name"
                    )));
                }
                seen.push((label, file));
            }
            if count == 1 {
                // One secret can go to one place twice.
                seen.clear();
            }
        }
        Ok(())
    }

    /// The destinations of one token's secret.
    pub(crate) fn of(&self, named: Named<'_>) -> Result<Vec<Box<dyn Destination>>, String> {
        let mut destinations = Vec::new();
        if let Some((_, path)) = self.own.as_ref().filter(|(id, _)| named.id == Some(id)) {
            let own: Box<dyn Destination> = Box::new(FileDestination::new(path));
            destinations.push(own);
        }
        for template in &self.templates {
            destinations.push(template.destination(named, self.keeps_previous)?);
        }
        Ok(destinations)
    }

    /// Makes certain, before a secret is requested, that it can be delivered. What the token itself has may be replaced.
    pub(crate) async fn prepare(&self, session: &Session, named: Named<'_>) -> Result<Handing, Failure> {
        let mut delivery = Delivery::new(self.of(named).map_err(Failure::usage)?);
        if !session.is_dry_run {
            let tokens: Vec<TokenId> = named.id.cloned().into_iter().collect();
            let replaceable = Replaceable { tokens: &tokens, anything: self.overwrites, ..Replaceable::default() };
            let preparing = async {
                delivery.prepare().await?;
                delivery.check(&session.client, replaceable).await
            };
            session.interrupt.unless(preparing).await?.map_err(not_ready)?;
        }
        Ok(Handing { delivery, print: self.print })
    }
}

impl Template {
    fn destination(&self, named: Named<'_>, keeps_previous: bool) -> Result<Box<dyn Destination>, String> {
        Ok(match self {
            Self::File(text) => {
                let file = FileDestination::new(filled("--secret-to", text, named)?);
                Box::new(if keeps_previous { file.keep_previous() } else { file })
            }
            Self::EnvFile(file, variable) => {
                let (file, variable) = (filled("--env-file", file, named)?, filled("--env-file", variable, named)?);
                Box::new(EnvFileDestination::new(file, variable).map_err(|reason| format!("--env-file: {reason}"))?)
            }
            Self::Command(text) => {
                let command = text.clone();
                Box::new(CommandDestination::new(text, move || shell(&command)))
            }
            Self::Kubernetes(text) => {
                let secret = filled("--kubernetes-secret", text, named)?.parse::<KubernetesSecret>();
                Box::new(KubernetesDestination::new(secret.map_err(|reason| format!("--kubernetes-secret: {reason}"))?))
            }
            Self::Github(kind, file, name) => {
                let name = filled(kind.variable(), name, named)?;
                Box::new(GithubDestination::new(*kind, file, name)?)
            }
            Self::Described(spec) => spec.destination()?,
        })
    }

    /// The texts that can have placeholders.
    fn texts(&self) -> [&str; 2] {
        match self {
            Self::File(text) | Self::Kubernetes(text) | Self::Github(_, _, text) => [text, ""],
            Self::EnvFile(file, variable) => [file, variable],
            Self::Command(_) | Self::Described(_) => ["", ""],
        }
    }
}

/// Replaces the placeholders by the token's ID and name. A name can't lead to another folder.
fn filled(flag: &str, text: &str, named: Named<'_>) -> Result<String, String> {
    let id = named.id.map(TokenId::to_path_segment);
    if id.is_none() && text.contains("{id}") {
        return Err(format!("{flag}: a new token has no ID before it is created, so {{id}} can't be in the name"));
    }
    let name = named.name.filter(|name| !name.is_empty()).map(str::to_owned).or_else(|| Some(id.as_ref()?.to_string()));
    let Some(name) = name else {
        return match text.contains("{name}") {
            true => Err(format!("{flag}: the token has no name for {{name}}")),
            false => Ok(text.to_owned()),
        };
    };
    let name = name.replace(['/', '\\', '\0'], "_");
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
