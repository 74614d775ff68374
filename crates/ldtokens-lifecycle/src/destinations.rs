//! The destinations of a new secret.

mod command;
mod github;
mod kubernetes;

pub use crate::file::FileDestination;
pub use command::CommandDestination;
pub use github::{GithubDestination, GithubFile};
pub use kubernetes::KubernetesDestination;
