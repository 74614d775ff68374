use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use ldtokens::TokenId;

use crate::delivery::{Delivered, NotReady};
use crate::rotation::journal::Step;
use crate::time;

/// Why a rotation did not finish.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The API refused a request, or there was no connection.
    Api {
        /// The last step done before the error. None if the rotation had not started.
        step: Option<Step>,
        /// The client's error.
        source: ldtokens::Error,
    },
    /// Another process is rotating the token.
    Busy {
        /// The token.
        token_id: TokenId,
    },
    /// The journal can't be used.
    Journal {
        /// Its file, or its folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The new secret can't be delivered. It was not requested.
    NotReady(NotReady),
    /// No destination was given.
    NoDestination,
    /// The rotation was started with other destinations.
    OtherDestinations {
        /// The destinations that it was started with.
        started_with: Vec<String>,
    },
    /// The rotation was started in another account.
    OtherAccount {
        /// The ID of that account.
        started_in: String,
    },
    /// The rotation was started with another strategy or overlap, which can't be changed any more.
    TooLateFor(&'static str),
    /// The old secret of an earlier reset still works. Nothing was changed.
    EarlierOverlap {
        /// When it stops working.
        until: SystemTime,
    },
    /// The token was replaced by another and is gone.
    Replaced {
        /// The ID of the other.
        by: String,
    },
    /// The new secret was not delivered to all destinations.
    NotDelivered(Box<NotDelivered>),
    /// The rotation needs help to continue.
    Stuck {
        /// The token.
        token_id: TokenId,
        /// Why.
        why: Stuck,
    },
}

/// Why a rotation needs help to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stuck {
    /// The token is not there any more, or the credential can't see it.
    Gone,
    /// The token is another member's personal token, which only that member can create.
    OthersPersonal,
    /// The new secret is lost, and the token can't be replaced. The old secret works until this moment, a Unix time in
    /// milliseconds.
    Lost {
        /// When the old secret stops working.
        until: Option<i64>,
    },
    /// The API refuses the secret that it issued. It was not delivered, or not to all destinations.
    Refused,
    /// The API's responses to creates have no secret.
    NoSecret,
    /// So many replacements were created and not delivered that no more are.
    TooMany(usize),
    /// Somebody else rotated or changed the token at the same time. The new secret of this rotation was not delivered.
    Overtaken,
    /// A token that was to be deleted can't be seen: it was deleted by someone else, or belongs to another account, or the
    /// credential lacks a permission. It is not known to be deleted.
    CantSee(String),
    /// A destination does not hold the new secret any more, so nothing was deleted.
    NotHeld(String),
}

/// Which deliveries succeeded and which failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NotDelivered {
    /// The token whose secret it is.
    pub token_id: String,
    /// Each destination with its result.
    pub deliveries: Vec<Delivered>,
    /// When the old secret stops working. None if it has.
    pub old_ends_at: Option<SystemTime>,
}

impl Error {
    pub(crate) fn api(step: Option<Step>) -> impl Fn(ldtokens::Error) -> Self {
        move |source| Self::Api { step, source }
    }
}

fn at(moment: SystemTime) -> String {
    time::format(time::from_system_time(moment))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { step: None, source } => source.fmt(f),
            Self::Api { step: Some(step), source } => write!(f, "{source}; the rotation is {}", progress(*step)),
            Self::Busy { token_id } => write!(f, "another process is rotating the token {token_id}"),
            Self::Journal { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::NotReady(not_ready) => not_ready.fmt(f),
            Self::NoDestination => f.write_str("there is no destination for the new secret"),
            Self::OtherDestinations { started_with } => {
                write!(f, "this rotation was started with other destinations: {}", started_with.join(", "))
            }
            Self::OtherAccount { started_in } => {
                write!(f, "this rotation was started in another account, {started_in}")
            }
            Self::TooLateFor(what) => {
                write!(f, "this rotation was started with another {what}, which can't be changed now")
            }
            Self::EarlierOverlap { until } => write!(
                f,
                "the token was reset before, and the secret from before that works until {}; another reset may end it early",
                at(*until)
            ),
            Self::Replaced { by } => write!(f, "the token was replaced by {by} and is deleted"),
            Self::NotDelivered(failed) => failed.fmt(f),
            Self::Stuck { token_id, why } => stuck(f, token_id, why),
        }
    }
}

fn progress(step: Step) -> &'static str {
    match step {
        Step::Planned => "at the request for a new secret",
        Step::Issued => "past the request for a new secret",
        Step::Delivered => "past the delivery",
        Step::Verified | Step::Retired => "done except for the old secret",
    }
}

fn stuck(f: &mut fmt::Formatter<'_>, id: &TokenId, why: &Stuck) -> fmt::Result {
    match why {
        Stuck::Gone => write!(f, "the token {id} is not there any more, or this credential can't see it"),
        Stuck::OthersPersonal => {
            write!(f, "the token {id} is another member's personal token, and only that member can create one like it")
        }
        Stuck::Lost { until } => {
            write!(f, "the token {id} has a new secret that is lost. ")?;
            match until {
                Some(until) => write!(f, "The old one works until {}. ", time::format(*until))?,
                None => f.write_str("The old one has stopped working. ")?,
            }
            f.write_str(
                "It can't be replaced: it is another member's personal token, or the credential may not create tokens",
            )
        }
        Stuck::Refused => write!(
            f,
            "the API refuses the new secret that it gave for the token {id}. Destinations keep the secret that they have"
        ),
        Stuck::NoSecret => write!(
            f,
            "the API's responses to creates of a token like {id} have no secret. The old secret keeps working"
        ),
        Stuck::TooMany(count) => {
            write!(f, "{count} replacements of the token {id} were created, and none could be delivered")
        }
        Stuck::Overtaken => write!(
            f,
            "somebody else rotated or changed the token {id} at the same time, so the new secret was not delivered"
        ),
        Stuck::CantSee(gone) => write!(
            f,
            "the token {gone} can't be seen, so it is not known to be deleted: someone else deleted it, or this credential \
             may not see it"
        ),
        Stuck::NotHeld(label) => {
            write!(f, "{label} does not hold the new secret of the token {id}; nothing was deleted")
        }
    }
}

impl fmt::Display for NotDelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token {} has a new secret, which was not delivered to all destinations", self.token_id)?;
        for delivery in &self.deliveries {
            match &delivery.problem {
                Some(problem) => write!(f, "; {}: {problem}", delivery.label)?,
                None => write!(f, "; {}: delivered", delivery.label)?,
            }
        }
        match self.old_ends_at {
            Some(until) => write!(f, "; the old secret works until {}", at(until)),
            None => f.write_str("; the old secret has stopped working"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Api { source, .. } => source.source(),
            _ => None,
        }
    }
}

impl From<NotReady> for Error {
    fn from(not_ready: NotReady) -> Self {
        match not_ready {
            NotReady::Api { source, .. } => Self::Api { step: None, source },
            other => Self::NotReady(other),
        }
    }
}
