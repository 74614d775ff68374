//! The destinations of a new secret.

mod command;
mod env_file;
mod file;
mod github;
mod kubernetes;

pub use command::CommandDestination;
pub use env_file::EnvFileDestination;
pub use file::FileDestination;
pub use github::{GithubDestination, GithubFile};
pub use kubernetes::{KubernetesDestination, KubernetesSecret};
