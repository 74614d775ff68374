//! The log on standard error. `RUST_LOG` sets its level; without it, `--verbose` and `serve` do. `--log off` turns it off.
//! The requests that `-v` shows are not part of the log.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::terminal::{log_queue, say};

const VARIABLE: &str = "RUST_LOG";

/// The format of a server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    Text,
    Json,
    Off,
}

impl ValueEnum for Log {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Json, Self::Off]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Off => "off",
        }))
    }
}

pub(crate) use log_queue::flush;

/// Starts the log. Its level depends on the number of `--verbose` flags, on whether a server is `serving`, and on `RUST_LOG`.
pub(crate) fn start(verbosity: u8, serving: Option<Log>) {
    let by_flags = match (verbosity, serving) {
        (0, None) => Targets::new(),
        // One line per request, and errors.
        (0, Some(_)) => Targets::new().with_target("ldtokens_server", LevelFilter::INFO),
        // `watch.rs` shows the requests.
        (1, None) => Targets::new(),
        (1, Some(_)) => Targets::new().with_target("ldtokens", LevelFilter::DEBUG),
        (2, _) => Targets::new().with_default(LevelFilter::DEBUG),
        (_, _) => Targets::new().with_default(LevelFilter::TRACE),
    };
    let targets = match std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty()) {
        None => by_flags,
        Some(wanted) => wanted.to_str().and_then(|wanted| wanted.parse().ok()).unwrap_or_else(|| {
            say::warning(&format!("{VARIABLE} is ignored: it must be like `debug` or `ldtokens=debug`"));
            by_flags
        }),
    };
    if serving == Some(Log::Off) || targets == Targets::new() {
        return;
    }
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    // If standard error is closed, the command goes on.
    let lines = tracing_subscriber::fmt::layer().log_internal_errors(false);
    let queue = || log_queue::start(serving == Some(Log::Json));
    let lines = match serving {
        Some(Log::Json) => lines.with_writer(queue()).json().flatten_event(true).boxed(),
        Some(_) => lines.with_writer(queue()).with_ansi(colours).boxed(),
        None => lines.with_writer(std::io::stderr).with_ansi(colours).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
