//! The client that a command's flags and environment ask for.

use clap::ArgMatches;
use ldtokens::{Client, ClientBuilder};

use crate::failure::Failure;

pub(crate) fn client(arguments: &ArgMatches) -> Result<Client, Failure> {
    let mut builder = ClientBuilder::from_env()?;
    if let Some(host) = arguments.get_one::<String>("host") {
        builder = builder.host(host);
    }
    Ok(builder.user_agent_suffix("ldtokens-cli").build()?)
}
