//! A request as the curl command that would send it.

use ldtokens::raw::reqwest::Request;
use ldtokens::raw::reqwest::header::{CONTENT_LENGTH, USER_AGENT};

/// The command, quoted so that it runs when it is pasted into a POSIX shell where `LD_ACCESS_TOKEN` holds the credential.
///
/// The credential goes to curl by a pipe, since a process's arguments are everyone's to read.
pub(crate) fn command(request: &Request) -> String {
    let mut words = vec!["curl".to_owned(), "--globoff".to_owned(), "--header".to_owned(), "@-".to_owned()];
    words.extend(["--request".to_owned(), request.method().to_string()]);
    for (name, value) in request.headers() {
        if name != USER_AGENT && name != CONTENT_LENGTH {
            let value = String::from_utf8_lossy(value.as_bytes());
            words.extend(["--header".to_owned(), quoted(&format!("{name}: {value}"))]);
        }
    }
    if let Some(body) = request.body().and_then(|body| body.as_bytes()) {
        words.extend(["--data-raw".to_owned(), quoted(&String::from_utf8_lossy(body))]);
    }
    words.push(quoted(request.url().as_str()));
    format!(r#"printf 'Authorization: %s\n' "$LD_ACCESS_TOKEN" | {}"#, words.join(" "))
}

/// One word of a POSIX shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_quote_ends_no_word() {
        assert_eq!(super::quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
