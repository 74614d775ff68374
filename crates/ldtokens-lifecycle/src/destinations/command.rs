use std::io::{self, Read, Write};
use std::process::Command;

use ldtokens::Secret;

use crate::destination::{Destination, Metadata};

type Make = dyn Fn() -> Command + Send + Sync;

/// A command that reads the secret, alone and without a line end, from its standard input.
///
/// The variables `LDTOKENS_TOKEN_ID`, `LDTOKENS_TOKEN_NAME` and `LDTOKENS_OLD_EXPIRES` in its environment hold the token's ID,
/// its name, and when the old secret stops working. None of them holds a secret. The command's output goes to standard error. It
/// must read all of the secret and end with success.
pub struct CommandDestination {
    text: String,
    make: Box<Make>,
}

impl CommandDestination {
    /// Returns a destination that runs the command that `make` returns. `make` is called for each delivery. `text` tells it from
    /// other commands; only its hash is stored.
    pub fn new(text: impl Into<String>, make: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self { text: text.into(), make: Box::new(make) }
    }
}

impl Destination for CommandDestination {
    /// Without the command line, which can contain secrets.
    fn label(&self) -> String {
        "a command".to_owned()
    }

    fn identity(&self) -> String {
        format!("the command {}", self.text)
    }

    /// The pipe's other end stays open here until the command has ended. So the write never fails, however soon it ends, and
    /// what it left unread shows.
    fn deliver(&self, secret: &Secret, metadata: &Metadata) -> Result<(), String> {
        let mut command = (self.make)();
        command
            .env("LDTOKENS_TOKEN_ID", &metadata.token_id)
            .env("LDTOKENS_TOKEN_NAME", &metadata.name)
            .env("LDTOKENS_OLD_EXPIRES", &metadata.old_expires);
        let failed = |error: io::Error| error.to_string();
        let (mut reader, mut writer) = io::pipe().map_err(failed)?;
        command.stdin(reader.try_clone().map_err(failed)?).stdout(io::stderr());
        let child = command.spawn();
        // It holds the end that the command was given.
        drop(command);
        let mut child = child.map_err(|error| format!("it can't be started: {error}"))?;
        let written = writer.write_all(secret.expose().as_bytes());
        drop(writer);
        let status = child.wait().map_err(failed)?;
        if !status.success() {
            return Err(format!("it ended with {status}"));
        }
        let mut unread = Vec::new();
        match written.and_then(|()| reader.read_to_end(&mut unread)) {
            Ok(0) => Ok(()),
            Ok(_) => Err("it did not read all of its standard input".to_owned()),
            Err(error) => Err(failed(error)),
        }
    }
}
