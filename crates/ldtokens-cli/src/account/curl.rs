//! Shows a request as a curl command.

use ldtokens::raw::reqwest::Request;
use ldtokens::raw::reqwest::header::{CONTENT_LENGTH, USER_AGENT};

use crate::account::credential::{Source, is_variable_name};
use crate::terminal::json_visible;

/// The command, for a POSIX shell. curl gets the credential through a pipe, because other users can read arguments.
pub(crate) fn command(request: &Request, source: Option<&Source>) -> String {
    let mut curl = format!("curl --globoff --header @- --request {}", request.method());
    for (name, value) in request.headers() {
        if name != USER_AGENT && name != CONTENT_LENGTH {
            let value = String::from_utf8_lossy(value.as_bytes());
            // curl omits a header that ends with a colon.
            let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
            curl += &format!(" --header {}", quoted(&header));
        }
    }
    if let Some(body) = request.body().and_then(|body| body.as_bytes()) {
        curl += &format!(" --data-raw {}", quoted(&json_visible(&String::from_utf8_lossy(body))));
    }
    let url = quoted(request.url().as_str());
    format!(r"printf 'Authorization: %s\n' {} | {curl} {url}", credential(source))
}

fn credential(source: Option<&Source>) -> String {
    match source {
        None => r#""$LD_ACCESS_TOKEN""#.to_owned(),
        Some(Source::Variable(name)) if is_variable_name(name) => format!(r#""${name}""#),
        Some(Source::Variable(name)) => format!(r#""$(printenv {})""#, quoted(name)),
        Some(Source::File(path)) => {
            let path = path.to_string_lossy();
            // Not to be read as a flag.
            let path = if path.starts_with('-') { format!("./{path}") } else { path.into_owned() };
            format!(r#""$(cat {})""#, quoted(&path))
        }
        Some(Source::Command(command)) => format!(r#""$(sh -c {})""#, quoted(command)),
        // It can't be read again: the shell stops with a message.
        Some(source @ (Source::Stdin | Source::Local)) => {
            format!(r#""${{LDTOKENS_CREDENTIAL:?set it to the credential, which came from {source}}}""#)
        }
    }
}

/// The text quoted as one word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Source, credential};

    #[test]
    fn the_curl_command_reads_the_credential_from_its_source() {
        for (source, text) in [
            (None, r#""$LD_ACCESS_TOKEN""#),
            (Some(Source::Variable("LD_CI_TOKEN".into())), r#""$LD_CI_TOKEN""#),
            (Some(Source::Variable("ld$(id)".into())), r#""$(printenv 'ld$(id)')""#),
            (Some(Source::File("it's".into())), r#""$(cat 'it'\''s')""#),
            (Some(Source::File("-x".into())), r#""$(cat './-x')""#),
            (Some(Source::Command("op read x # y".into())), r#""$(sh -c 'op read x # y')""#),
        ] {
            assert_eq!(credential(source.as_ref()), text);
        }
    }

    #[test]
    fn quotes_are_escaped_for_the_shell() {
        assert_eq!(super::quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
