//! Where new secrets go: one way for every command that gets one.

mod prepared;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use ldtokens::TokenId;
use ldtokens_lifecycle::destinations::{
    CommandDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination, is_github_actions,
};
use ldtokens_lifecycle::{Delivery, Destination, Replaceable};
use ldtokens_plan::{DestinationSpec, Taken};

use crate::account::{Session, shell};
use crate::arguments::{GlobalArgs, SecretArgs};
use crate::nearest::did_you_mean;
use crate::terminal::{Discard, Failure, Field, Format, PrintArgs, discard};
pub(crate) use crate::verbs::deliver::prepared::{PreparedDelivery, failure, to_get_another};
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

/// The kinds of destinations that options name.
#[derive(Clone, Copy, Debug)]
enum Kind {
    File,
    Variable,
    Command,
    Kubernetes,
    Github(GithubFile),
}

/// The destinations of the secrets of all tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) arguments: PlaceArgs,
    /// Those of a file.
    described: Vec<DestinationSpec>,
    pub(crate) print: Option<Print>,
    /// The ID of the token in use, and the file that its secret was read from, where its new secret goes too.
    pub(crate) own: Option<(TokenId, PathBuf)>,
}

impl Places {
    /// Reads the arguments. `-` with a format other than table means the printed token.
    pub(crate) fn read(global: &GlobalArgs, arguments: &PlaceArgs) -> Result<Self, Failure> {
        let mut places = Self { arguments: arguments.clone(), ..Self::default() };
        let files = &mut places.arguments.secret.secret_to;
        files.retain(|file| file != "-");
        if files.len() < arguments.secret.secret_to.len() {
            let is_alone = global.format_or(Format::Table)? == Format::Table;
            places.print = Some(if is_alone { Print::Alone } else { Print::WithToken });
        }
        places.refuse_discarded(global).map(|()| places)
    }

    /// The same options, and the destinations that a file describes.
    pub(crate) fn and_described(&self, specs: &[DestinationSpec]) -> Self {
        Self { described: specs.to_vec(), ..self.clone() }
    }

    /// What the options name: its kind, the option, and what that was given, with the placeholders `{id}` and `{name}`.
    fn named(&self) -> impl Iterator<Item = (Kind, &'static str, &String)> {
        let PlaceArgs { secret, env_file, kubernetes_secret, github_output, github_env, .. } = &self.arguments;
        let all = [
            (Kind::File, "--secret-to", &secret.secret_to),
            (Kind::Variable, "--env-file", env_file),
            (Kind::Command, "--secret-to-command", &secret.secret_to_command),
            (Kind::Kubernetes, "--kubernetes-secret", kubernetes_secret),
            (Kind::Github(GithubFile::Output), "--github-output", github_output),
            (Kind::Github(GithubFile::Env), "--github-env", github_env),
        ];
        all.into_iter().flat_map(|(kind, flag, texts)| texts.iter().map(move |text| (kind, flag, text)))
    }

    /// Refuses streams that discard what is written to them, or that would have more than a manifest.
    pub(crate) fn refuse_discarded(&self, global: &GlobalArgs) -> Result<(), Failure> {
        let (is_lost, is_unmasked) = (discard(&io::stdout()).is_some(), discard(&io::stderr()).is_some());
        let is_github = self.named().any(|(kind, ..)| matches!(kind, Kind::Github(_)));
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
        let places = Self::read(global, &PlaceArgs { secret: arguments.clone(), ..PlaceArgs::default() })?;
        let is_lost = !global.dry_run && discard(&io::stdout()) == Some(Discard::Closed);
        places.or_printed(is_lost, "standard output is closed, and the new secret would be lost; give --secret-to FILE")
    }

    /// The destinations for a verb. Without one, the secret is printed on a terminal, and never into a pipe.
    pub(crate) fn for_people(
        global: &GlobalArgs,
        arguments: &PlaceArgs,
        printed: Option<&PrintArgs>,
    ) -> Result<Self, Failure> {
        let places = Self::read(global, arguments)?.or_printed(
            !io::stdout().is_terminal() && !global.dry_run,
            "standard output is not a terminal, so the new secret needs a place to go: use --secret-to FILE, \
             --secret-to-command COMMAND, or --secret-to - for standard output",
        )?;
        let is_left_out = match printed {
            Some(PrintArgs { quiet: true, .. }) => true,
            Some(PrintArgs { columns: Some(fields), .. }) => {
                global.format()? == Format::Table || !fields.iter().any(Field::is_secret)
            }
            _ => false,
        };
        if is_left_out && places.print.is_some() && !global.dry_run {
            return Err(Failure::usage(
                "with --quiet or --columns the new secret would not be printed: use --secret-to FILE or \
                 --secret-to-command COMMAND",
            ));
        }
        Ok(places)
    }

    /// Prints the secret if there is no other destination, unless it `is_lost` there.
    fn or_printed(self, is_lost: bool, why: &str) -> Result<Self, Failure> {
        match self.is_empty() {
            true if is_lost => Err(Failure::usage(why)),
            true => Ok(Self { print: Some(Print::WithToken), ..self }),
            false => Ok(self),
        }
    }

    /// Whether no destination was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.named().next().is_none() && self.described.is_empty() && self.print.is_none()
    }

    /// Whether manifests are printed, so that nothing else may be.
    pub(crate) fn prints_manifests(&self) -> bool {
        !self.arguments.kubernetes_secret.is_empty()
            || self.described.iter().any(|spec| matches!(spec, DestinationSpec::Kubernetes { .. }))
    }

    /// Whether a token's name must be known.
    pub(crate) fn needs_name(&self) -> bool {
        self.named().any(|(.., text)| text.contains("{name}"))
    }

    /// Refuses destinations that can't hold the secrets of all these tokens.
    pub(crate) fn check<'a>(&self, targets: impl Iterator<Item = &'a Target> + Clone) -> Result<(), Failure> {
        let count = targets.clone().count();
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
        for (kind, flag, text) in self.named() {
            let destination = self.destination(kind, text, id, name);
            all.push(destination.map_err(|reason| Failure::usage(format!("{flag}: {reason}")))?);
        }
        for spec in &self.described {
            all.push(spec.destination().map_err(Failure::usage)?);
        }
        // What is mistyped would get the secret, and the programs that read the right one would not.
        let unset = all.iter().find(|place| place.file().is_some_and(FileDestination::is_unset));
        match unset.filter(|_| !self.arguments.create) {
            Some(place) => {
                Err(Failure::usage(format!("{} is not there; if the name is right, add --create", place.label())))
            }
            None => Ok(all),
        }
    }

    fn destination(
        &self,
        kind: Kind,
        text: &str,
        id: Option<&TokenId>,
        name: Option<&str>,
    ) -> Result<Box<dyn Destination>, String> {
        let filled = |text: &str| filled(text, id, name);
        Ok(match kind {
            Kind::File => {
                let file = FileDestination::new(filled(text)?);
                Box::new(if self.arguments.keep_previous { file.keep_previous() } else { file })
            }
            Kind::Variable => {
                let (file, variable) = text.rsplit_once(':').ok_or("give FILE:VARIABLE")?;
                Box::new(FileDestination::variable(filled(file)?, filled(variable)?)?)
            }
            Kind::Command => {
                let line = text.to_owned();
                Box::new(CommandDestination::new(text, move || shell(&line)))
            }
            // What is after a colon in a token's name is no key.
            Kind::Kubernetes => {
                let name = name.map(|name| name.replace(':', "_"));
                Box::new(self::filled(text, id, name.as_deref())?.parse::<KubernetesDestination>()?)
            }
            Kind::Github(kind) => {
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
        let replaceable =
            Replaceable { tokens: &tokens, anything: self.arguments.secret.overwrite, ..Replaceable::default() };
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
