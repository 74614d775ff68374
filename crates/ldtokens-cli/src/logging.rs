//! The log, on standard error: what `RUST_LOG` asks for, and while serving the access log.

use std::io::IsTerminal;
use std::sync::OnceLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Registry, reload};

const VARIABLE: &str = "RUST_LOG";

/// What a server logs where `RUST_LOG` says nothing: a line for each request, and what went wrong.
const WHILE_SERVING: (&str, LevelFilter) = ("ldtokens_server", LevelFilter::INFO);

/// How a server's log is written.
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

/// Which lines go out as text, and which as JSON.
static SHOWN: OnceLock<(Shown, Shown)> = OnceLock::new();

type Shown = reload::Handle<Targets, Registry>;

/// Logs what `RUST_LOG` asks for, as text.
pub(crate) fn start() {
    let wanted = wanted();
    if wanted.is_none() && std::env::var_os(VARIABLE).is_some() {
        anstream::eprintln!("ldtokens: {VARIABLE} is not understood; it reads like `debug` or `ldtokens=debug`");
    }
    let (as_text, text) = reload::Layer::new(wanted.unwrap_or_default());
    let (as_json, json) = reload::Layer::new(Targets::new());
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // A closed standard error is no reason to stop serving.
    let lines = || tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let lines_of_text = lines().with_ansi(colours).with_filter(as_text);
    let lines_of_json = lines().json().flatten_event(true).with_filter(as_json);
    tracing_subscriber::registry().with(vec![lines_of_text.boxed(), lines_of_json.boxed()]).init();
    let _ = SHOWN.set((text, json));
}

/// From here on a server's log is written: what `RUST_LOG` asks for, or else [`WHILE_SERVING`].
pub(crate) fn serve(log: Log) {
    let wanted = wanted().unwrap_or_else(|| Targets::new().with_targets([WHILE_SERVING]));
    let (text, json) = match log {
        Log::Text => (wanted, Targets::new()),
        Log::Json => (Targets::new(), wanted),
        Log::Off => Default::default(),
    };
    if let Some((as_text, as_json)) = SHOWN.get() {
        let _ = as_text.reload(text);
        let _ = as_json.reload(json);
    }
}

/// What `RUST_LOG` asks for, if it can be understood.
fn wanted() -> Option<Targets> {
    std::env::var_os(VARIABLE)?.to_str()?.parse().ok()
}
