//! The destinations of a new secret.

mod command;
mod file;
mod github;
mod kubernetes;

pub use command::CommandDestination;
pub(crate) use file::prepare;
pub use file::{EnvFileDestination, FileDestination};
pub use github::{GithubDestination, GithubFile};
pub use kubernetes::{KubernetesDestination, KubernetesSecret};
