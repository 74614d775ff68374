//! Places that a new secret can be delivered to.

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
