//! What `RUST_LOG` asks for, or else `--verbose`, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// Begins to log; `verbosity` is how often `--verbose` was given.
pub(crate) fn start(verbosity: u8) {
    let targets = match std::env::var_os("RUST_LOG").filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => match wanted.to_str().and_then(|wanted| wanted.parse::<Targets>().ok()) {
            Some(targets) => targets,
            None => {
                anstream::eprintln!("ldtokens: RUST_LOG is not understood; it reads like `debug` or `ldtokens=debug`");
                return;
            }
        },
        None => match verbosity {
            0 => return,
            1 => Targets::new().with_target("ldtokens", LevelFilter::DEBUG),
            2 => Targets::new().with_default(LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::TRACE),
        },
    };
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
