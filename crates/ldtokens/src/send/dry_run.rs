//! Requests that are shown and not sent.

use std::fmt;
use std::sync::Arc;

use reqwest::Request;
use reqwest::header::AUTHORIZATION;

/// Which requests a client shows instead of sending them; [`ClientBuilder::dry_run`](crate::ClientBuilder::dry_run) takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// All of them.
    Everything,
    /// Those that could change something. What only reads is sent.
    Changes,
}

/// A dry run, and who is shown what it holds back.
#[derive(Clone)]
pub(crate) struct Rehearsal {
    pub(crate) scope: DryRun,
    pub(crate) show: Arc<dyn Fn(&Request) + Send + Sync>,
}

impl Rehearsal {
    /// Shows `request`, without the credential, and says so, if it is one to hold back.
    pub(crate) fn holds_back(&self, changes: bool, request: &Request) -> bool {
        if self.scope == DryRun::Changes && !changes {
            return false;
        }
        let mut shown = request.try_clone().expect("bodies are buffered");
        shown.headers_mut().remove(AUTHORIZATION);
        (self.show)(&shown);
        true
    }
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsal").field("scope", &self.scope).finish_non_exhaustive()
    }
}
