//! The operations: words in, one call of the facade, its answer out. All by the table; none is named here but for what the
//! table can't say.

use clap::ArgMatches;
use ldtokens::reqwest::Method;
use ldtokens::{Error, Patch, TokenId};
use serde_json::Value;

use crate::connect;
use crate::failure::Failure;
use crate::operations::Operation;
use crate::output::{self, Format};
use crate::words::Words;

pub(crate) async fn run(operation: &Operation, arguments: &ArgMatches) -> Result<(), Failure> {
    let words: Vec<String> = arguments.get_many("words").into_iter().flatten().cloned().collect();
    let words = Words::read(operation, &words, std::io::stdin())?;
    let format = *arguments.get_one::<Format>("output").expect("it has a default");
    let path = path(operation, &words)?;
    let query: Vec<(&str, &str)> = words.parameters().filter(|(name, _)| !in_path(operation, name)).collect();
    if let ("patchToken", Some(body)) = (operation.id, &words.body) {
        // What RFC 6902 does not allow need not be sent to be refused.
        let _: Patch = Patch::from_json(&body.to_string())?;
    }

    let client = connect::client(arguments)?;
    let method: Method = operation.method.parse().expect("the table holds methods");
    let mut request = client.request(operation.id, method, &path);
    for (name, value) in query {
        request = request.query(name, value);
    }
    if let Some(body) = &words.body {
        request = request.json(body);
    }
    let answer = request.send().await?;
    if answer.is_empty() {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|_| Failure::other(format!("{}: the answer is not JSON", operation.id)))?;
    output::answer(format, answer)
}

fn in_path(operation: &Operation, name: &str) -> bool {
    operation.path.contains(&format!("{{{name}}}"))
}

/// The operation's path with its parameters filled in, each of which has to be fit to stand there.
fn path(operation: &Operation, words: &Words) -> Result<String, Failure> {
    let mut path = operation.path.to_owned();
    for (name, value) in words.parameters().filter(|(name, _)| in_path(operation, name)) {
        let id = TokenId::new(value).map_err(Error::from)?;
        path = path.replace(&format!("{{{name}}}"), &id.to_path_segment());
    }
    Ok(path)
}
