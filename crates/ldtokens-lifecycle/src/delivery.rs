//! Delivers one secret to several destinations.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::sleep;
use std::time::Duration;

use ldtokens::{Client, Secret, TokenId};
use serde::{Deserialize, Serialize};

use crate::destinations::{Delivered, Destination, Metadata};
use crate::error::{Error, Reason};
use crate::file::{Contents, FileDestination, LockedFile, hash};
use crate::verify::{has_secret_prefix, identity_of};

/// The pauses between the attempts of a delivery, in milliseconds. It is repeated, since the secret exists nowhere else.
const PAUSES: [u64; 2] = [200, 400];

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
/// delivery.prepare(&client, Replaceable::default()).await?;
/// let issued = client.create(&NewToken::new(BaseRole::Reader)).await?;
/// let delivered = delivery.deliver(&issued.secret, &Metadata::new(issued.id.as_str(), None)).await;
/// assert!(delivered.iter().all(|delivered| delivered.problem.is_none()));
/// # Ok(())
/// # }
/// ```
pub struct Delivery {
    /// In the order of delivery: files, which can be read back, come first.
    groups: Vec<Group>,
    is_prepared: bool,
}

/// Destinations that are delivered to together: the parts of one file, or a single one.
struct Group {
    members: Vec<Box<dyn Destination>>,
    /// The file that they are parts of, while it is locked.
    locked: Option<LockedFile>,
    /// What is unusual about the delivery.
    note: Option<String>,
    /// Whether what can't be read back has the secret, as far as is known.
    is_done: bool,
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
    /// Returns the delivery to these destinations. Files come first.
    pub fn new(destinations: Vec<Box<dyn Destination>>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let file = |destination: &dyn Destination| destination.file().map(|file| file.part().0);
        for destination in destinations {
            let own = file(&*destination);
            match groups.iter_mut().find(|group| own.is_some() && file(&*group.members[0]) == own) {
                Some(group) => group.members.push(destination),
                None => groups.push(Group { members: vec![destination], locked: None, note: None, is_done: false }),
            }
        }
        // Files are always locked in the same order, so that two processes don't wait for each other.
        groups.sort_by_cached_key(|group| {
            let path = group.members[0].file().map(FileDestination::resolved);
            (path.is_none(), path)
        });
        Self { groups, is_prepared: false }
    }

    fn members(&self) -> impl Iterator<Item = &dyn Destination> {
        self.groups.iter().flat_map(|group| &group.members).map(|member| &**member)
    }

    /// The files, which can be read back.
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileDestination> {
        self.members().filter_map(Destination::file)
    }

    /// The destinations, without secrets.
    pub(crate) fn places(&self) -> Vec<Place> {
        let place = |destination: &dyn Destination| Place {
            label: destination.label(),
            hash: hash(destination.identity().as_bytes()),
            file: destination.file().cloned(),
        };
        self.members().map(place).collect()
    }

    /// Makes certain that each destination can be written, and refuses those that hold something else than what may be replaced.
    /// Whose secret it is, the API says by authenticating with it. May take as long as another process has a file locked, at most
    /// a minute. Does nothing if that was done.
    ///
    /// # Errors
    /// [`Reason::Unusable`] if one can't be written. [`Reason::Occupied`] says what a destination holds, and [`Reason::Api`] that this
    /// is not known.
    pub async fn prepare(&mut self, client: &Client, replaceable: Replaceable<'_>) -> Result<(), Error> {
        if self.is_prepared {
            return Ok(());
        }
        let prepare =
            |group: &mut Group| group.prepare().map_err(|reason| unusable(&group.members[0].label(), &reason));
        self.blocking(move |groups| groups.iter_mut().try_for_each(prepare)).await?;
        if !replaceable.anything {
            self.check(client, replaceable).await?;
        }
        self.is_prepared = true;
        Ok(())
    }

    async fn check(&self, client: &Client, replaceable: Replaceable<'_>) -> Result<(), Error> {
        let is_known = |secret: &Secret| replaceable.last_fours.iter().any(|known| known == secret.last_four());
        let mut replaced: Vec<FileDestination> = self.files().cloned().collect();
        replaced.extend(self.files().filter_map(FileDestination::previous));
        for (label, contents) in read(replaced.into_iter()).await {
            let holds = match contents.map_err(|reason| unusable(&label, &reason))? {
                Contents::Nothing => continue,
                Contents::Other(what) => what,
                Contents::Secret(secret) if !is_known(&secret) && !has_secret_prefix(&secret) => {
                    "something that is not an access token's secret".to_owned()
                }
                Contents::Secret(secret) => {
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

    /// Undoes the preparation.
    pub(crate) fn release(&mut self) {
        self.groups.iter_mut().for_each(|group| group.locked = None);
        self.is_prepared = false;
    }

    /// Delivers to each destination that does not have the secret, with retries, and returns the results. What can't be read back
    /// gets it unless this process has delivered it.
    pub async fn deliver(&mut self, secret: &Secret, metadata: &Metadata) -> Vec<Delivered> {
        let (secret, metadata) = (secret.clone(), metadata.clone());
        let deliver =
            move |groups: &mut [Group]| groups.iter_mut().flat_map(|group| group.deliver(&secret, &metadata)).collect();
        let delivered = self.blocking(deliver).await;
        self.release();
        delivered
    }

    /// The secrets that the files hold, and those that were left beside them. A file that can't be read is an error.
    pub(crate) async fn held(&self) -> Result<Vec<Secret>, Error> {
        let files: Vec<FileDestination> = self.files().cloned().collect();
        run_blocking(move || {
            let mut held = Vec::new();
            for file in &files {
                if let Contents::Secret(secret) = file.read().map_err(|reason| unusable(&file.label(), &reason))? {
                    held.push(secret);
                }
            }
            held.extend(files.iter().flat_map(FileDestination::leftovers));
            Ok(held)
        })
        .await
    }

    /// A destination that each run has to deliver to anew.
    pub(crate) fn ephemeral(&self) -> Option<String> {
        self.members().find(|destination| destination.is_ephemeral()).map(Destination::label)
    }

    /// Leaves out what can't be read back and got the secret from an earlier run.
    pub(crate) fn skip_unreadable(&mut self) {
        self.groups.iter_mut().for_each(|group| group.is_done = !group.members[0].is_ephemeral());
    }

    /// Does what may block on a disk, a lock or a command on another thread, so that signals are noticed meanwhile.
    async fn blocking<T: Send + 'static>(&mut self, work: impl FnOnce(&mut [Group]) -> T + Send + 'static) -> T {
        let mut groups = std::mem::take(&mut self.groups);
        let (groups, done) = run_blocking(move || {
            let done = work(&mut groups);
            (groups, done)
        })
        .await;
        self.groups = groups;
        done
    }
}

impl Group {
    fn has(&self, member: &dyn Destination, secret: &Secret) -> bool {
        match member.file() {
            Some(file) => matches!(file.read(), Ok(Contents::Secret(held)) if held == *secret),
            None => self.is_done,
        }
    }

    fn prepare(&mut self) -> io::Result<()> {
        // The lock that it may hold already would keep it waiting.
        self.locked = None;
        self.is_done = false;
        let parts: Vec<FileDestination> = self.members.iter().filter_map(|member| member.file().cloned()).collect();
        self.locked = match parts.is_empty() {
            true => self.members[0].check().map(|()| None)?,
            false => Some(LockedFile::prepare(parts)?),
        };
        self.note = self.locked.as_ref().and_then(LockedFile::note);
        Ok(())
    }

    /// Delivers, unless all have the secret. Returns the results.
    fn deliver(&mut self, secret: &Secret, metadata: &Metadata) -> Vec<Delivered> {
        let was_held = self.members.iter().all(|member| self.has(&**member, secret));
        let mut problem = None;
        if was_held {
            self.locked.take().into_iter().for_each(LockedFile::keep);
        } else {
            // Not the text of a panic: it may have the secret.
            let written = catch_unwind(AssertUnwindSafe(|| self.write(secret, metadata)));
            let written = written.unwrap_or_else(|_| Err(io::Error::other("it stopped unexpectedly")));
            problem = written.err().map(|error| error.to_string());
            self.is_done = problem.is_none();
        }
        let delivered = self.members.iter().map(|member| {
            if problem.is_none() && !self.has(&**member, secret) {
                problem = Some("after the delivery it does not hold the new secret".to_owned());
            }
            Delivered { label: member.label(), note: self.note.clone(), was_held, problem: problem.clone() }
        });
        delivered.collect()
    }

    fn write(&mut self, secret: &Secret, metadata: &Metadata) -> io::Result<()> {
        if self.locked.is_none() && self.members[0].file().is_some() {
            self.prepare()?;
        }
        // What is in a file was checked when it was locked, so it is written once.
        if let Some(locked) = self.locked.take() {
            return locked.write(secret);
        }
        for pause in PAUSES {
            if self.members[0].deliver(secret, metadata).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(pause));
        }
        self.members[0].deliver(secret, metadata)
    }
}

fn unusable(label: &str, reason: &io::Error) -> Error {
    Error::new(Reason::Unusable, format!("{label}: {reason}"))
}

/// What each of these files holds now, with its label.
pub(crate) async fn read(files: impl Iterator<Item = FileDestination>) -> Vec<(String, io::Result<Contents>)> {
    let files: Vec<FileDestination> = files.collect();
    run_blocking(|| files.into_iter().map(|file| (file.label(), file.read())).collect()).await
}

async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| resume_unwind(stopped.into_panic()))
}
