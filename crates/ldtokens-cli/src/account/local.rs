//! The embedded local LaunchDarkly of `--local`. It runs for one command; its store is permanent.

use std::path::PathBuf;
use std::time::Duration;

use ldtokens::Secret;
use ldtokens_server::Server;

use crate::terminal::failure::Failure;

/// How long to wait while another command has the store open.
const WAIT: Duration = Duration::from_secs(10);

/// The path of its store, in the user's data folder.
pub(crate) fn store() -> Result<PathBuf, Failure> {
    let data = dirs::data_dir().ok_or_else(|| Failure::usage("--local: no data folder found: set HOME"))?;
    Ok(data.join("ldtokens").join("local.db"))
}

/// Starts it, and returns a credential that works while it runs.
pub(crate) async fn start() -> Result<(Server, Secret), Failure> {
    let store = store()?;
    let folder = store.parent().expect("it is in a folder");
    make_private(folder)
        .map_err(|error| Failure::other(format!("--local: can't create the folder {}: {error}", folder.display())))?;
    let server = Server::builder().store(&store).store_wait(WAIT).session().start();
    let server = server.await.map_err(|error| Failure::from(error).within("--local"))?;
    let secret = server.session_secret().expect("it was asked for").clone();
    Ok((server, secret))
}

#[cfg(unix)]
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
