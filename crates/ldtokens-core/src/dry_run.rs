//! Requests that are shown and not sent.

use std::fmt;
use std::sync::Arc;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Request};

/// Which requests a dry run shows instead of sending them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DryRun {
    /// All requests.
    Everything,
    /// Those that could change something. Requests that only read are sent.
    Changes,
}

/// A dry run: which requests are shown, and how.
#[derive(Clone)]
pub struct DryRunConfig {
    scope: DryRun,
    show: Arc<dyn Fn(&Request) + Send + Sync>,
}

impl DryRunConfig {
    /// Shows the requests of this `scope`. `show` gets them without the credential.
    pub fn new(scope: DryRun, show: impl Fn(&Request) + Send + Sync + 'static) -> Self {
        Self { scope, show: Arc::new(show) }
    }

    pub(crate) fn applies_to(&self, method: &Method) -> bool {
        self.scope == DryRun::Everything || !method.is_safe()
    }

    /// Shows `request` without the credential.
    pub(crate) fn show(&self, mut request: Request) {
        request.headers_mut().remove(AUTHORIZATION);
        (self.show)(&request);
    }
}

impl fmt::Debug for DryRunConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DryRunConfig").field("scope", &self.scope).finish_non_exhaustive()
    }
}
