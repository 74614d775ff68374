//! Delivers one secret to several destinations.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ldtokens::{Client, Secret, TokenId};
use serde::{Deserialize, Serialize};

use crate::destination::{Delivered, Destination, Metadata};
use crate::error::{Error, Reason};
use crate::file::{Contents, FileDestination, LockedFile, hash};
use crate::verify::{has_secret_prefix, identity_of};

/// The number of attempts for each delivery. Several, because the secret exists nowhere else.
const MAX_TRIES: u32 = 3;

/// The destinations of one token's secret.
///
/// [`prepare`](Self::prepare) makes certain, as far as possible, that the secret can be delivered; request it only then. Files are
/// locked from the preparation to the end of the delivery, or until this is dropped.
///
/// ```
/// use ldtokens::{BaseRole, NewToken};
/// use ldtokens_lifecycle::{Delivery, Metadata, Replaceable, destinations::FileDestination};
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
/// let delivered = delivery.deliver(&issued.secret, &Metadata::new(issued.id.as_str(), None)).await;
/// assert!(delivered.iter().all(|delivered| delivered.problem.is_none()));
/// # Ok(())
/// # }
/// ```
pub struct Delivery {
    /// In the order of delivery: those that can be read back come first.
    groups: Vec<Group>,
    is_prepared: bool,
}

/// Destinations that are delivered to together: the parts of one file, or a single one.
struct Group {
    members: Vec<Arc<dyn Destination>>,
    /// The file that they are parts of, while it is locked.
    locked: Option<LockedFile>,
    /// What is unusual about the delivery.
    note: Option<String>,
    state: GroupState,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum GroupState {
    Open,
    /// This process has delivered to it.
    Delivered,
    /// An earlier run has, as far as is known.
    Skipped,
}

/// A destination, as a journal names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Its description, with absolute paths.
    pub(crate) label: String,
    /// A hash of what tells it from others.
    pub(crate) hash: String,
    /// The file that it is part of, if any, which can be read again.
    pub(crate) file: Option<FileDestination>,
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

impl Delivery {
    /// Returns the delivery to these destinations. Those that can be read back come first.
    pub fn new(destinations: Vec<Box<dyn Destination>>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for destination in destinations.into_iter().map(Arc::<dyn Destination>::from) {
            let file = |destination: &Arc<dyn Destination>| destination.file().map(|file| file.part().0);
            let own = file(&destination);
            match groups.iter_mut().find(|group| own.is_some() && file(&group.members[0]) == own) {
                Some(group) => group.members.push(destination),
                None => {
                    let (members, state) = (vec![destination], GroupState::Open);
                    groups.push(Group { members, locked: None, note: None, state });
                }
            }
        }
        // Files are always locked in the same order, so that two processes don't wait for each other.
        groups.sort_by_cached_key(|group| {
            let path = group.members[0].file().map(FileDestination::resolved);
            (path.is_none(), path, !group.is_readable())
        });
        Self { groups, is_prepared: false }
    }

    fn members(&self) -> impl Iterator<Item = &Arc<dyn Destination>> {
        self.groups.iter().flat_map(|group| &group.members)
    }

    /// The destinations, without secrets.
    pub(crate) fn places(&self) -> Vec<Place> {
        let place = |destination: &Arc<dyn Destination>| Place {
            label: destination.label(),
            hash: hash(destination.identity().as_bytes()),
            file: destination.file().cloned(),
        };
        self.members().map(place).collect()
    }

    /// Prepares each destination. May take as long as another process has a file locked, at most a minute.
    ///
    /// # Errors
    /// [`Reason::Unusable`] if one can't be prepared; then none is.
    pub async fn prepare(&mut self) -> Result<(), Error> {
        for at in 0..self.groups.len() {
            if let Err(reason) = self.groups[at].prepare().await {
                self.release();
                return Err(unusable(&self.groups[at].members[0], &reason));
            }
        }
        self.is_prepared = true;
        Ok(())
    }

    /// Whether all is prepared.
    pub(crate) fn is_prepared(&self) -> bool {
        self.is_prepared
    }

    /// Undoes the preparation.
    pub fn release(&mut self) {
        self.groups.iter_mut().for_each(|group| group.locked = None);
        self.is_prepared = false;
    }

    /// Refuses destinations that hold something else than what may be replaced. Whose secret it is, the API says by
    /// authenticating with it.
    ///
    /// # Errors
    /// [`Reason::Occupied`] says what a destination holds. [`Reason::Api`] if that is not known.
    pub async fn check(&self, client: &Client, replaceable: Replaceable<'_>) -> Result<(), Error> {
        let is_known = |secret: &Secret| replaceable.last_fours.iter().any(|known| known == secret.last_four());
        for destination in self.members() {
            let label = destination.label();
            let holds = match destination.read().map_err(|reason| unusable(destination, &reason))? {
                None | Some(Contents::Nothing) => continue,
                Some(_) if replaceable.anything => continue,
                Some(Contents::Other(what)) => what,
                Some(Contents::Secret(secret)) if !is_known(&secret) && !has_secret_prefix(&secret) => {
                    "something that is not an access token's secret".to_owned()
                }
                Some(Contents::Secret(secret)) => {
                    let identity = identity_of(client, &secret).await.map_err(|source| Error {
                        text: format!("whose secret {label} holds is not known"),
                        ..Error::from(source)
                    })?;
                    match identity.and_then(|identity| identity.token_id) {
                        Some(owner) if replaceable.tokens.contains(&owner) => continue,
                        Some(owner) => format!("the secret of the token {owner}"),
                        None if is_known(&secret) => continue,
                        None => "something that is not known to be a working secret".to_owned(),
                    }
                }
            };
            return Err(Error::new(Reason::Occupied, format!("{label} holds {holds}")));
        }
        Ok(())
    }

    /// Delivers to each destination that does not have the secret, with retries. What can't be read back gets it unless this
    /// process has delivered it.
    pub async fn deliver(&mut self, secret: &Secret, metadata: &Metadata) -> Vec<Delivered> {
        let mut deliveries = Vec::new();
        for group in &mut self.groups {
            let mut problem = None;
            if group.members.iter().all(|member| group.has(&**member, secret)) {
                if let Some(locked) = group.locked.take() {
                    locked.keep();
                }
            } else {
                problem = group.deliver(secret, metadata).await.err().map(|error| error.to_string());
                group.state = if problem.is_none() { GroupState::Delivered } else { GroupState::Open };
            }
            for member in &group.members {
                if problem.is_none() && !group.has(&**member, secret) {
                    problem = Some("after the delivery it does not hold the new secret".to_owned());
                }
                let (label, note) = (member.label(), group.note.clone());
                deliveries.push(Delivered { label, note, problem: problem.clone() });
            }
        }
        self.release();
        deliveries
    }

    /// What this process has delivered.
    pub(crate) fn delivered(&self) -> Vec<Delivered> {
        let groups = self.groups.iter().filter(|group| group.state == GroupState::Delivered);
        let members = groups.flat_map(|group| group.members.iter().map(|member| (member.label(), group.note.clone())));
        members.map(|(label, note)| Delivered { label, note, problem: None }).collect()
    }

    /// The secrets that the destinations hold, and those that killed processes left beside them. A destination that can't be read
    /// is an error.
    pub(crate) fn held(&self) -> Result<Vec<Secret>, Error> {
        let mut held = Vec::new();
        for destination in self.members() {
            if let Some(Contents::Secret(secret)) =
                destination.read().map_err(|reason| unusable(destination, &reason))?
            {
                held.push(secret);
            }
            held.extend(destination.file().into_iter().flat_map(FileDestination::leftovers));
        }
        Ok(held)
    }

    /// What each destination that can be read holds now, with its label.
    pub(crate) fn readable(&self) -> impl Iterator<Item = (String, io::Result<Contents>)> {
        self.members().filter_map(|destination| Some((destination.label(), destination.read().transpose()?)))
    }

    /// A destination that each run has to deliver to anew.
    pub(crate) fn ephemeral(&self) -> Option<String> {
        self.members().find(|destination| destination.is_ephemeral()).map(|destination| destination.label())
    }

    /// Leaves out what can't be read back and got the secret from an earlier run.
    pub(crate) fn skip_unreadable(&mut self) {
        for group in self.groups.iter_mut().filter(|group| !group.is_readable() && !group.members[0].is_ephemeral()) {
            group.state = GroupState::Skipped;
        }
    }
}

impl Group {
    /// A destination that can be read back may hold nothing, or be unreadable just now.
    fn is_readable(&self) -> bool {
        !matches!(self.members[0].read(), Ok(None))
    }

    fn has(&self, member: &dyn Destination, secret: &Secret) -> bool {
        match member.read() {
            Ok(Some(Contents::Secret(held))) => held == *secret,
            Ok(None) => self.state != GroupState::Open,
            _ => false,
        }
    }

    async fn prepare(&mut self) -> io::Result<()> {
        // The lock that it may hold already would keep it waiting.
        self.locked = None;
        self.state = GroupState::Open;
        let members = self.members.clone();
        let locking = run_blocking(move || {
            let parts: Vec<FileDestination> = members.iter().filter_map(|member| member.file().cloned()).collect();
            match parts.is_empty() {
                true => members[0].check().map(|()| None),
                false => LockedFile::prepare(parts).map(Some),
            }
        });
        self.locked = locking.await?;
        self.note = self.locked.as_ref().and_then(LockedFile::note);
        Ok(())
    }

    async fn deliver(&mut self, secret: &Secret, metadata: &Metadata) -> io::Result<()> {
        // What is in a file was checked when it was locked, so it is written once.
        if self.locked.is_none() && self.members[0].file().is_some() {
            self.prepare().await?;
        }
        if let Some(locked) = self.locked.take() {
            let secret = secret.clone();
            return run_blocking(move || locked.write(&secret)).await;
        }
        for attempt in 1.. {
            let (destination, secret, metadata) = (self.members[0].clone(), secret.clone(), metadata.clone());
            match run_blocking(move || destination.deliver(&secret, &metadata)).await {
                Err(_) if attempt < MAX_TRIES => tokio::time::sleep(Duration::from_millis(100 << attempt)).await,
                result => return result,
            }
        }
        Ok(())
    }
}

fn unusable(destination: &Arc<dyn Destination>, reason: &io::Error) -> Error {
    Error::new(Reason::Unusable, format!("{}: {reason}", destination.label()))
}

/// Runs what may block on the disk, a lock or a command, so that signals are noticed meanwhile.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    // Not the text of a panic: it may have the secret.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(io::Error::other("it stopped unexpectedly")))
}
