//! What `RUST_LOG` asks for, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

pub(crate) fn start() {
    let Some(wanted) = std::env::var_os("RUST_LOG") else { return };
    let Some(targets) = wanted.to_str().and_then(|wanted| wanted.parse::<Targets>().ok()) else {
        anstream::eprintln!("ldtokens: RUST_LOG is not understood; it reads like `debug` or `ldtokens=debug`");
        return;
    };
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
