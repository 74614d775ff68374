//! Delivers one secret to several destinations.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ldtokens::{Client, Error as ApiError, Secret, TokenId};
use serde::{Deserialize, Serialize};

use crate::destination::{Contents, Destination, Handover, Prepared};
use crate::destinations;
use crate::file::{FilePart, is_same};
use crate::hash::hash;
use crate::verify::is_refusal;

/// The number of attempts for each delivery. Several, because the secret exists nowhere else.
const MAX_TRIES: u32 = 3;

/// The destinations of one token's secret.
///
/// [`prepare`](Self::prepare) makes certain, as far as possible, that the secret can be delivered; request it only then. Files are
/// locked from the preparation to the end of the delivery, or until this is dropped.
///
/// ```
/// use ldtokens::{BaseRole, NewToken};
/// use ldtokens_lifecycle::{Delivery, Handover, Replaceable, destinations::FileDestination};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = ldtokens_server::Server::start().await?;
/// # let client = ldtokens::Client::builder(server.owner_secret().unwrap().clone()).host(server.url()).build()?;
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("export.secret");
/// let mut delivery = Delivery::new(vec![Box::new(FileDestination::new(&file))]);
/// delivery.prepare().await?;
/// delivery.check(&client, Replaceable::default()).await?;
/// let issued = client.create(&NewToken::new(BaseRole::Reader)).await?;
/// let delivered = delivery.deliver(&issued.secret, &Handover::new(issued.id.as_str(), None)).await;
/// assert!(delivered.iter().all(|delivered| delivered.problem.is_none()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Delivery {
    targets: Vec<Target>,
    /// Destinations that are delivered to together, by their numbers, in the order of delivery.
    groups: Vec<(Vec<usize>, Option<Prepared>)>,
}

#[derive(Debug)]
struct Target {
    destination: Arc<dyn Destination>,
    note: Option<String>,
    /// Whether this process has delivered to it.
    is_delivered: bool,
}

/// A destination, as a journal names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its description, with absolute paths.
    pub label: String,
    /// A hash of what tells it from others.
    pub hash: String,
    /// The file that it is part of, if any, which can be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FilePart>,
}

/// What a destination may hold before a token's new secret replaces it. By default nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replaceable<'a> {
    /// A working secret of these tokens.
    pub tokens: &'a [TokenId],
    /// A secret that does not work any more, with these last four characters.
    pub last_fours: &'a [String],
    /// Anything.
    pub anything: bool,
}

/// The result of the delivery to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The destination, as in `the file /etc/export.secret`.
    pub label: String,
    /// What is unusual about the delivery.
    pub note: Option<String>,
    /// Why it failed. None if it succeeded.
    pub problem: Option<String>,
}

/// Why a secret can't be delivered.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotReady {
    /// Nothing can be written to a destination.
    Unusable {
        /// Which one.
        label: String,
        /// Why.
        reason: String,
    },
    /// A destination holds something that must not be overwritten unasked.
    Occupied {
        /// Which one.
        label: String,
        /// What it holds.
        holds: String,
    },
    /// Whose secret a destination holds could not be found out.
    Api {
        /// Which one.
        label: String,
        /// The client's error.
        source: ApiError,
    },
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { label, reason } => write!(f, "{label}: {reason}"),
            Self::Occupied { label, holds } => write!(f, "{label} holds {holds}"),
            Self::Api { label, source } => write!(f, "whose secret {label} holds is not known: {source}"),
        }
    }
}

impl std::error::Error for NotReady {}

impl Delivery {
    /// Returns the delivery to these destinations. Those that can be read back come first.
    pub fn new(destinations: Vec<Box<dyn Destination>>) -> Self {
        let targets = destinations.into_iter().map(Arc::from);
        let mut targets: Vec<_> =
            targets.map(|destination| Target { destination, note: None, is_delivered: false }).collect();
        targets.sort_by_key(|target| !target.is_readable());
        let mut groups: Vec<(Vec<usize>, Option<Prepared>)> = Vec::new();
        for (number, target) in targets.iter().enumerate() {
            let part = |number: usize| targets[number].destination.file();
            let own = target.destination.file();
            let together = groups.iter_mut().find(|(members, _)| {
                matches!((part(members[0]), own), (Some(one), Some(other)) if is_same(one.path(), other.path()))
            });
            match together {
                Some((members, _)) => members.push(number),
                None => groups.push((vec![number], None)),
            }
        }
        // Always locked in the same order, so that two processes don't wait for each other.
        groups.sort_by_key(|(members, _)| {
            let path = targets[members[0]].destination.file().map(FilePart::path);
            (path.is_none(), path.map(|path| crate::file::resolved(path).unwrap_or_else(|_| path.to_owned())))
        });
        Self { targets, groups }
    }

    /// Whether there is no destination.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The destinations, without secrets.
    pub fn places(&self) -> Vec<Place> {
        let place = |target: &Target| Place {
            label: target.destination.label(),
            hash: hash(target.destination.identity().as_bytes()),
            file: target.destination.file().cloned(),
        };
        self.targets.iter().map(place).collect()
    }

    /// Prepares each destination. May take as long as another process has a file locked, at most a minute.
    ///
    /// # Errors
    /// [`NotReady::Unusable`] if one can't be prepared; then none is.
    pub async fn prepare(&mut self) -> Result<(), NotReady> {
        for group in 0..self.groups.len() {
            if let Err(reason) = self.prepare_group(group).await {
                let label = self.targets[self.groups[group].0[0]].destination.label();
                self.release();
                return Err(NotReady::Unusable { label, reason });
            }
        }
        self.targets.iter_mut().for_each(|target| target.is_delivered = false);
        Ok(())
    }

    /// Whether all is prepared.
    pub(crate) fn is_prepared(&self) -> bool {
        self.groups.iter().all(|(_, prepared)| prepared.is_some())
    }

    /// Undoes the preparation.
    pub fn release(&mut self) {
        self.groups.iter_mut().for_each(|(_, prepared)| *prepared = None);
    }

    async fn prepare_group(&mut self, group: usize) -> Result<(), String> {
        // The lock that it may hold already would keep it waiting.
        self.groups[group].1 = None;
        let members: Vec<_> =
            self.groups[group].0.iter().map(|number| self.targets[*number].destination.clone()).collect();
        let prepared = blocking(move || {
            let parts: Vec<FilePart> = members.iter().filter_map(|member| member.file().cloned()).collect();
            if parts.is_empty() { members[0].prepare() } else { destinations::prepare(parts) }
        });
        let prepared = prepared.await?;
        for number in &self.groups[group].0 {
            self.targets[*number].note.clone_from(&prepared.note);
        }
        self.groups[group].1 = Some(prepared);
        Ok(())
    }

    /// Refuses destinations that hold something else than what may be replaced. Whose secret it is, the API says by
    /// authenticating with it.
    ///
    /// # Errors
    /// [`NotReady`] says what a destination holds, or why that is not known.
    pub async fn check(&self, client: &Client, replaceable: Replaceable<'_>) -> Result<(), NotReady> {
        for target in &self.targets {
            let label = target.destination.label();
            let holds = match target.destination.read() {
                Err(reason) => return Err(NotReady::Unusable { label, reason }),
                Ok(None | Some(Contents::Nothing)) => continue,
                Ok(Some(_)) if replaceable.anything => continue,
                Ok(Some(Contents::Other(what))) => what,
                Ok(Some(Contents::Secret(secret))) => match owner(client, &secret).await {
                    Ok(Some(owner)) if replaceable.tokens.contains(&owner) => continue,
                    Ok(Some(owner)) => format!("the secret of the token {owner}"),
                    Ok(None) if replaceable.last_fours.iter().any(|known| known == secret.last_four()) => continue,
                    Ok(None) => "a secret that does not say whose it is, or does not work here".to_owned(),
                    Err(source) => return Err(NotReady::Api { label, source }),
                },
            };
            return Err(NotReady::Occupied { label, holds });
        }
        Ok(())
    }

    /// Delivers to each destination that does not have the secret, with retries. What can't be read back gets it unless this
    /// process has delivered it.
    pub async fn deliver(&mut self, secret: &Secret, handover: &Handover) -> Vec<Delivered> {
        let mut problems = vec![None; self.targets.len()];
        for group in 0..self.groups.len() {
            let members = self.groups[group].0.clone();
            if members.iter().all(|number| self.targets[*number].has(secret)) {
                let is_locked = self.groups[group].1.is_some();
                if let Some(file) = self.targets[members[0]].destination.file().filter(|_| is_locked) {
                    file.remove_leftovers();
                }
                continue;
            }
            let mut problem = self.deliver_group(group, secret, handover).await.err();
            for number in members {
                let target = &mut self.targets[number];
                target.is_delivered = problem.is_none();
                if problem.is_none() && !target.has(secret) {
                    problem = Some("after the delivery it does not hold the new secret".to_owned());
                }
                problems[number].clone_from(&problem);
            }
        }
        self.release();
        let delivered = self.targets.iter().zip(problems).map(|(target, problem)| Delivered {
            label: target.destination.label(),
            note: target.note.clone(),
            problem,
        });
        delivered.collect()
    }

    async fn deliver_group(&mut self, group: usize, secret: &Secret, handover: &Handover) -> Result<(), String> {
        // What is in a file now was not checked, so it is not written again.
        let max_tries = if self.targets[self.groups[group].0[0]].destination.file().is_some() { 1 } else { MAX_TRIES };
        for attempt in 1.. {
            if self.groups[group].1.is_none() {
                self.prepare_group(group).await?;
            }
            let Some(Prepared { deliver, .. }) = self.groups[group].1.take() else { break };
            let (secret, handover) = (secret.clone(), handover.clone());
            match blocking(move || deliver(&secret, &handover)).await {
                Err(_) if attempt < max_tries => tokio::time::sleep(Duration::from_millis(100 << attempt)).await,
                result => return result,
            }
        }
        Ok(())
    }

    /// What this process has delivered.
    pub(crate) fn delivered(&self) -> Vec<Delivered> {
        let delivered = self.targets.iter().filter(|target| target.is_delivered);
        let delivered = delivered.map(|target| Delivered {
            label: target.destination.label(),
            note: target.note.clone(),
            problem: None,
        });
        delivered.collect()
    }

    /// The secrets that the destinations hold, and those that killed processes left beside them. A destination that can't be read
    /// is an error.
    pub(crate) fn held(&self) -> Result<Vec<Secret>, NotReady> {
        let mut held = Vec::new();
        for target in &self.targets {
            let label = || target.destination.label();
            let contents = target.destination.read();
            let contents = contents.map_err(|reason| NotReady::Unusable { label: label(), reason })?;
            if let Some(Contents::Secret(secret)) = contents {
                held.push(secret);
            }
            held.extend(target.destination.file().into_iter().flat_map(FilePart::leftovers));
        }
        Ok(held)
    }

    /// What each destination that can be read holds now, with its label.
    pub(crate) fn readable(&self) -> impl Iterator<Item = (String, Result<Contents, String>)> {
        let readable = self.targets.iter().filter(|target| target.is_readable());
        readable.map(|target| {
            let contents = target.destination.read().map(|contents| contents.unwrap_or(Contents::Nothing));
            (target.destination.label(), contents)
        })
    }

    /// Notes that what can't be read back has the secret already.
    pub(crate) fn skip_unreadable(&mut self) {
        self.targets.iter_mut().filter(|target| !target.is_readable()).for_each(|target| target.is_delivered = true);
    }
}

impl Target {
    /// A destination that can be read back may hold nothing, or be unreadable just now.
    fn is_readable(&self) -> bool {
        self.destination.file().is_some() || !matches!(self.destination.read(), Ok(None))
    }

    fn has(&self, secret: &Secret) -> bool {
        match self.destination.read() {
            Ok(Some(Contents::Secret(held))) => held == *secret,
            Ok(None) => self.is_delivered,
            _ => false,
        }
    }
}

/// The token of a secret, if the API accepts it and says so.
pub(crate) async fn owner(client: &Client, secret: &Secret) -> Result<Option<TokenId>, ApiError> {
    // It has characters that no credential has.
    let Ok(client) = client.with_credential(secret.clone()) else { return Ok(None) };
    match client.whoami().await {
        Ok(caller) => Ok(caller.token_id),
        Err(error) if is_refusal(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs what may block on the disk, a lock or a command, so that signals are noticed meanwhile.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err("the delivery stopped unexpectedly".to_owned()),
    }
}
