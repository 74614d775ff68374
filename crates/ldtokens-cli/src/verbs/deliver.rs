//! Where new secrets go: one way for every command that gets one.

mod prepared;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use ldtokens::{CallerIdentity, TokenId};
use ldtokens_lifecycle::destinations::{
    CommandDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination, is_github_actions,
};
use ldtokens_lifecycle::{Delivery, Destination, Replaceable};
use ldtokens_plan::{DestinationSpec, Taken};

use crate::account::{Session, Source, shell};
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::nearest::did_you_mean;
use crate::terminal::{Discard, Failure, Field, Format, PrintArgs, discard_of_stderr, discard_of_stdout};
pub(crate) use crate::verbs::deliver::prepared::{PreparedDelivery, failure};
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

/// How a secret is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Print {
    /// As part of the token.
    WithToken,
    /// And nothing else with it.
    Alone,
}

/// A destination of the secrets of all tokens.
#[derive(Debug)]
struct Place {
    kind: PlaceKind,
    /// The option that named it.
    flag: &'static str,
    /// What it was given, with the placeholders `{id}` and `{name}`.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PlaceKind {
    File,
    Variable,
    Command,
    Kubernetes,
    Github(GithubFile),
}

/// The destinations of the secrets of all tokens.
#[derive(Debug, Default)]
pub(crate) struct Places {
    places: Vec<Place>,
    /// Those of a file.
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
        let secret = &arguments.secret;
        let mut places = Self {
            keeps_previous: arguments.keep_previous,
            overwrites: secret.overwrite,
            creates: arguments.create,
            ..Self::default()
        };
        let mut files = Vec::new();
        for path in &secret.secret_to {
            match path.to_str() {
                Some("-") => {
                    let is_alone = global.format_or(Format::Table)? == Format::Table;
                    places.print = Some(if is_alone { Print::Alone } else { Print::WithToken });
                }
                Some(text) => files.push(text.to_owned()),
                None => return Err(Failure::usage("--secret-to: the name is not UTF-8")),
            }
        }
        for (kind, flag, texts) in [
            (PlaceKind::File, "--secret-to", &files),
            (PlaceKind::Variable, "--env-file", &arguments.env_file),
            (PlaceKind::Command, "--secret-to-command", &secret.secret_to_command),
            (PlaceKind::Kubernetes, "--kubernetes-secret", &arguments.kubernetes_secret),
            (PlaceKind::Github(GithubFile::Output), "--github-output", &arguments.github_output),
            (PlaceKind::Github(GithubFile::Env), "--github-env", &arguments.github_env),
        ] {
            places.places.extend(texts.iter().map(|text| Place { kind, flag, text: text.clone() }));
        }
        places.refuse_discarded(global).map(|()| places)
    }

    /// The destinations that a file describes.
    pub(crate) fn described(specs: &[DestinationSpec]) -> Self {
        Self { described: specs.to_vec(), ..Self::default() }
    }

    /// Refuses streams that discard what is written to them, or that would have more than a manifest.
    pub(crate) fn refuse_discarded(&self, global: &GlobalArgs) -> Result<(), Failure> {
        let (is_lost, is_unmasked) = (discard_of_stdout().is_some(), discard_of_stderr().is_some());
        let is_github = self.places.iter().any(|place| matches!(place.kind, PlaceKind::Github(_)));
        let (prints, manifests) = (self.print.is_some(), self.prints_manifests());
        if prints && manifests {
            return Err(Failure::usage(
                "--secret-to -: standard output can have only the manifest of --kubernetes-secret; give --secret-to FILE",
            ));
        }
        for (is_discarded, why) in [
            (
                prints && is_lost,
                "--secret-to -: standard output is closed or /dev/null, and the secret would be lost; give --secret-to FILE",
            ),
            (
                manifests && is_lost,
                "standard output is closed or /dev/null, and the manifest would be lost; add | kubectl apply -f -",
            ),
            (
                manifests && io::stdout().is_terminal(),
                "standard output is a terminal, where nothing applies the manifest; add | kubectl apply -f -",
            ),
            (
                (is_github || manifests && is_github_actions()) && is_unmasked,
                "standard error is closed or /dev/null, and GitHub's runner would not see that the secret is to be masked",
            ),
        ] {
            if is_discarded && !global.dry_run {
                return Err(Failure::usage(why));
            }
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
        self.places.is_empty() && self.described.is_empty() && self.print.is_none()
    }

    /// Whether the token in use gets its new secret anyway.
    pub(crate) fn has_own(&self, id: &TokenId) -> bool {
        self.own.as_ref().is_some_and(|(own, _)| own == id)
    }

    /// Whether manifests are printed, so that nothing else may be.
    pub(crate) fn prints_manifests(&self) -> bool {
        self.places.iter().any(|place| place.kind == PlaceKind::Kubernetes)
            || self.described.iter().any(|spec| matches!(spec, DestinationSpec::Kubernetes { .. }))
    }

    /// Whether a token's name must be known.
    pub(crate) fn needs_name(&self) -> bool {
        self.places.iter().any(|place| place.text.contains("{name}"))
    }

    /// Refuses destinations that can't hold the secrets of all these tokens.
    pub(crate) fn check(&self, targets: &[&Target]) -> Result<(), Failure> {
        let count = targets.len();
        if self.print == Some(Print::Alone) && count > 1 {
            return Err(Failure::usage(format!(
                "--secret-to -: {count} secrets alone don't say which token they belong to; add --output json, or give \
                 --secret-to '{{id}}.secret'"
            )));
        }
        let mut taken = Taken::default();
        for target in targets {
            let mut own = Taken::default();
            for destination in self.of(target)? {
                // A command can take several: it gets the token's ID.
                let is_shared = destination.file().is_none() && !destination.is_ephemeral();
                if !is_shared && own.take(&*destination) && !taken.take(&*destination) {
                    return Err(Failure::usage(format!(
                        "{} can't hold the secrets of several tokens; put {{id}} or {{name}} in the name",
                        destination.label()
                    )));
                }
            }
        }
        Ok(())
    }

    /// The destinations of the token's secret.
    pub(crate) fn of(&self, target: &Target) -> Result<Vec<Box<dyn Destination>>, Failure> {
        self.destinations(Some(&target.id), target.name.as_deref())
    }

    /// The same. A new token has no ID yet.
    pub(crate) fn destinations(
        &self,
        id: Option<&TokenId>,
        name: Option<&str>,
    ) -> Result<Vec<Box<dyn Destination>>, Failure> {
        let own = self.own.as_ref().filter(|(own, _)| id == Some(own));
        let mut all: Vec<Box<dyn Destination>> = Vec::new();
        all.extend(own.map(|(_, path)| Box::new(FileDestination::new(path)) as Box<_>));
        for place in &self.places {
            let destination = self.destination(place, id, name);
            all.push(destination.map_err(|reason| Failure::usage(format!("{}: {reason}", place.flag)))?);
        }
        for spec in &self.described {
            all.push(spec.destination().map_err(Failure::usage)?);
        }
        // What is mistyped would get the secret, and the programs that read the right one would not.
        let unset = all.iter().find(|place| place.file().is_some_and(FileDestination::is_unset));
        match unset.filter(|_| !self.creates) {
            Some(place) => {
                Err(Failure::usage(format!("{} is not there; if the name is right, add --create", place.label())))
            }
            None => Ok(all),
        }
    }

    fn destination(
        &self,
        place: &Place,
        id: Option<&TokenId>,
        name: Option<&str>,
    ) -> Result<Box<dyn Destination>, String> {
        let filled = |text: &str| filled(text, id, name);
        let text = &place.text;
        Ok(match place.kind {
            PlaceKind::File => {
                let file = FileDestination::new(filled(text)?);
                Box::new(if self.keeps_previous { file.keep_previous() } else { file })
            }
            PlaceKind::Variable => {
                let (file, variable) = text.rsplit_once(':').ok_or("give FILE:VARIABLE")?;
                Box::new(FileDestination::variable(filled(file)?, filled(variable)?)?)
            }
            PlaceKind::Command => {
                let line = text.clone();
                Box::new(CommandDestination::new(text, move || shell(&line)))
            }
            // What is after a colon in a token's name is no key.
            PlaceKind::Kubernetes => {
                let name = name.map(|name| name.replace(':', "_"));
                Box::new(self::filled(text, id, name.as_deref())?.parse::<KubernetesDestination>()?)
            }
            PlaceKind::Github(kind) => {
                let variable = kind.variable();
                let file = std::env::var_os(variable).filter(|file| !file.is_empty());
                let no_job = || format!("{variable} is not set; this is no job of GitHub Actions");
                Box::new(GithubDestination::new(kind, file.ok_or_else(no_job)?, filled(text)?)?)
            }
        })
    }

    /// Makes certain, before a secret is requested, that it can be delivered. What the token itself has may be replaced.
    pub(crate) async fn prepare(
        &self,
        session: &Session,
        id: Option<&TokenId>,
        name: Option<&str>,
    ) -> Result<PreparedDelivery, Failure> {
        let mut delivery = Delivery::new(self.destinations(id, name)?);
        let tokens: Vec<TokenId> = id.cloned().into_iter().collect();
        let replaceable = Replaceable { tokens: &tokens, anything: self.overwrites, ..Replaceable::default() };
        session
            .interrupt
            .unless(delivery.prepare(&session.client, replaceable))
            .await?
            .map_err(|error| failure(error, None))?;
        Ok(PreparedDelivery { delivery, print: self.print })
    }
}

/// Replaces the placeholders by the token's ID and name. A name can't lead to another folder.
fn filled(text: &str, id: Option<&TokenId>, name: Option<&str>) -> Result<String, String> {
    const KNOWN: [&str; 2] = ["id", "name"];
    let mut words = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    if let Some(word) = words.find(|word| !KNOWN.contains(word)) {
        let hint = did_you_mean(word, KNOWN);
        return Err(format!("there is no placeholder `{{{word}}}` for a token{hint} (there are {{id}} and {{name}})"));
    }
    let id = id.map(TokenId::to_path_segment);
    if id.is_none() && text.contains("{id}") {
        return Err("a new token has no ID before it is created, so {id} can't be in the name".to_owned());
    }
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned).or_else(|| id.clone());
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
