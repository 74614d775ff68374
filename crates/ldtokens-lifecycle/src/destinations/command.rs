use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::destination::{Destination, Handover, Prepared};

type Make = dyn Fn() -> Command + Send + Sync;

/// A command that reads the secret, alone and without a line end, from its standard input.
///
/// The variables `LDTOKENS_TOKEN_ID`, `LDTOKENS_TOKEN_NAME` and `LDTOKENS_OLD_EXPIRES` in its environment hold the token's ID,
/// its name, and when the old secret stops working. None of them holds a secret. The command's output goes to standard error.
#[derive(Clone)]
pub struct CommandDestination {
    make: Arc<Make>,
}

impl CommandDestination {
    /// Returns a destination that runs the command that `make` returns. `make` is called for each delivery.
    pub fn new(make: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make) }
    }
}

impl std::fmt::Debug for CommandDestination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandDestination").finish_non_exhaustive()
    }
}

impl Destination for CommandDestination {
    /// Without the command line, which can contain secrets.
    fn label(&self) -> String {
        "a command".to_owned()
    }

    fn prepare(&self) -> Result<Prepared, String> {
        let make = self.make.clone();
        Ok(Box::new(move |secret, handover| {
            let mut command = make();
            set_variables(&mut command, handover);
            command.stdin(Stdio::piped()).stdout(io::stderr());
            let mut child = command.spawn().map_err(|error| format!("it can't be started: {error}"))?;
            let written = child.stdin.take().expect("it is piped").write_all(secret.expose().as_bytes());
            let status = child.wait().map_err(|error| error.to_string())?;
            match written {
                _ if !status.success() => Err(format!("it ended with {status}")),
                Err(error) => Err(format!("it did not read its standard input: {error}")),
                Ok(()) => Ok(()),
            }
        }))
    }
}

fn set_variables(command: &mut Command, handover: &Handover) {
    command
        .env("LDTOKENS_TOKEN_ID", &handover.token_id)
        .env("LDTOKENS_TOKEN_NAME", &handover.name)
        .env("LDTOKENS_OLD_EXPIRES", &handover.old_expires);
}
