//! The folder for what the command has to know later: the journals of rotations, and what tokens were before a change.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use crate::account::credential::Source;
use crate::account::settings::Settings;
use crate::terminal::failure::Failure;

/// The environment variable for the folder.
pub(crate) const VARIABLE: &str = "LDTOKENS_STATE";

/// The folder of this `kind` for the account's host: below `given`, the variable's folder, or the user's state folder.
pub(crate) fn folder(given: Option<&Path>, settings: &Settings, kind: &str) -> Result<PathBuf, Failure> {
    let variable = || std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let usual = || Some(dirs::state_dir().or_else(dirs::data_local_dir)?.join("ldtokens"));
    let folder = given.map(Path::to_owned).or_else(variable).or_else(usual);
    let folder = folder.ok_or_else(|| Failure::usage(format!("there is no state folder: set HOME or {VARIABLE}")))?;
    Ok(folder.join(kind).join(host(settings)))
}

/// The account's host as the name of a folder.
pub(crate) fn host(settings: &Settings) -> String {
    let host = match (&settings.credential, &settings.host) {
        (Some(credential), _) if credential.value == Source::Local => "local",
        (_, Some(host)) => host.value.trim_start_matches("https://").trim_start_matches("http://"),
        (_, None) => "local",
    };
    let host = host.trim_end_matches('/').trim_end_matches("/api/v2");
    host.chars().map(|sign| if sign.is_ascii_alphanumeric() || sign == '.' { sign } else { '_' }).collect()
}

/// Creates the folder, for this user alone.
pub(crate) fn create(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
