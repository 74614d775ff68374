//! The destinations of a new secret.

mod command;
mod file;
mod github;
mod kubernetes;

pub use command::CommandDestination;
pub use file::FileDestination;
pub use github::{GithubDestination, GithubFile};
pub use kubernetes::KubernetesDestination;
