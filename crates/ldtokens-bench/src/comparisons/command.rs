//! The command as a whole process, compared with curl and the Bash client, which make the same request; and its size.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::https::Https;
use crate::local::Place;
use crate::measure::{Contender, Row, Unit, beside, compare};
use crate::peers::Peers;
use crate::report::Report;

/// The maximum size that the stripped program should have, in bytes.
const SIZE: f64 = 10.0 * (1 << 20) as f64;

/// `getToken` in a process of its own, over http and https.
pub(crate) fn compare_command(
    program: &Path,
    place: &Place,
    peers: &Peers,
    folder: &Path,
    quick: bool,
    report: &mut Report,
) -> Result<Vec<Row>> {
    let rounds = if quick { 1 } else { 100 };
    let id = format!("tokenId={}", place.token_id);
    let get = ["getToken", &id];
    let mut contenders = vec![ours(program, place, None, &get), curl(place, None)];
    if let Some(bash) = &peers.bash_client {
        contenders.push(bash_client(bash, place));
    }
    let mark = |name: &str| (name == "curl").then_some(1.0);
    let mut rows = compare("the command, http", Unit::Seconds, rounds, contenders, mark)?;
    match Https::before(place, folder) {
        Ok(https) => {
            let (place, trust) = (&https.place, Some(https.trusted.as_path()));
            let contenders = vec![ours(program, place, trust, &get), curl(place, trust)];
            rows.extend(compare("the command, https", Unit::Seconds, rounds, contenders, mark)?);
        }
        Err(error) => report.skip(format!("https: {error:#}")),
    }
    let size = fs::metadata(program)?.len() as f64;
    if !quick {
        rows.push(beside("the stripped command", Unit::Bytes, &[size], ("a size", SIZE), 1.0));
    }
    Ok(rows)
}

/// The command with these arguments.
pub(crate) fn ours<'a>(
    program: &'a Path,
    place: &'a Place,
    trust: Option<&'a Path>,
    arguments: &'a [&str],
) -> Contender<'a> {
    Contender::new("ldtokens", move || {
        let mut command = bare(program, place, trust);
        whole(command.args(arguments).args(["--output=json", "--host", &place.host]))
    })
}

fn curl<'a>(place: &'a Place, trust: Option<&'a Path>) -> Contender<'a> {
    Contender::new("curl", move || {
        let mut command = bare(Path::new("curl"), place, trust);
        let credential = format!("Authorization: {}", place.credential.expose());
        let headers = ["LD-API-Version: 20240415", "Accept: application/json", &credential];
        command.args(["--disable", "--silent", "--show-error", "--fail"]);
        command.args(headers.iter().flat_map(|header| ["--header", header]));
        whole(command.arg(format!("{}/api/v2/tokens/{}", place.host, place.token_id)))
    })
}

fn bash_client<'a>(script: &Path, place: &'a Place) -> Contender<'a> {
    let script = script.to_owned();
    Contender::new("openapi-generator's Bash client", move || {
        let mut command = bare(Path::new("bash"), place, None);
        command.arg(&script).args(["--host", &place.host]);
        let credential = format!("Authorization:{}", place.credential.expose());
        whole(command.args(["getToken", &format!("tokenId={}", place.token_id), &credential]))
    })
}

/// A program whose environment has only `PATH`, an empty `HOME`, a credential and the certificates to trust.
pub(crate) fn bare(program: &Path, place: &Place, trust: Option<&Path>) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent");
    command.env("LD_ACCESS_TOKEN", place.credential.expose());
    if let Some(trust) = trust {
        command.env("SSL_CERT_FILE", trust);
    }
    command
}

/// How long a process takes from its start to its end.
pub(crate) fn whole(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let output = command.output().context("it does not start")?;
    let taken = begun.elapsed().as_secs_f64();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.stdout.windows(5).any(|word| word == b"\"_id\""), "it printed no token");
    Ok(taken)
}
