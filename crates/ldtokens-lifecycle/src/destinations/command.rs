use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::destination::{Destination, Handover, Prepared};

type Make = dyn Fn() -> Command + Send + Sync;

/// A command that reads the secret, alone and without a line end, from its standard input.
///
/// Its environment says in `LDTOKENS_TOKEN_ID`, `LDTOKENS_TOKEN_NAME` and `LDTOKENS_OLD_EXPIRES` which token it is and until
/// when the old secret works; no variable that this sets holds a secret. What the command prints goes to standard error.
#[derive(Clone)]
pub struct CommandDestination {
    make: Arc<Make>,
}

impl CommandDestination {
    /// The command that `make` makes, each time it is run.
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
    /// What a command line holds is nobody else's to know.
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
