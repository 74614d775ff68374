//! The six operations: words in, one call of the facade, its answer out.

use clap::ArgMatches;
use ldtokens::raw::types::TokenBody;
use ldtokens::{Client, ClientBuilder, Error, Patch, TokenId, UnixMillis};

use crate::failure::Failure;
use crate::operations::Operation;
use crate::output::{self, Format};
use crate::words::Words;

pub(crate) async fn run(operation: &Operation, arguments: &ArgMatches) -> Result<(), Failure> {
    let words: Vec<String> = arguments.get_many("words").into_iter().flatten().cloned().collect();
    let words = Words::read(operation, &words, std::io::stdin())?;
    let format = *arguments.get_one::<Format>("output").expect("it has a default");
    let id = words.get("tokenId").map(str::parse::<TokenId>).transpose().map_err(Error::from)?;
    let client = client(arguments)?;
    match (operation.id, id) {
        ("getTokens", _) => output::tokens(format, &get_tokens(&client, &words).await?),
        ("postToken", _) => {
            let body: TokenBody = serde_json::from_str(words.body.as_deref().unwrap_or_default())
                .map_err(|error| Failure::usage(format!("postToken: the body is not a token's: {error}")))?;
            let token = client.call(async |raw| raw.post_token().body(body.clone()).send().await).await?;
            output::token(format, &token)
        }
        ("getToken", Some(id)) => output::token(format, &client.get(&id).await?),
        ("patchToken", Some(id)) => {
            let patch = Patch::from_json(words.body.as_deref().unwrap_or_default())?;
            output::token(format, &client.update(&id, &patch).await?)
        }
        ("deleteToken", Some(id)) => Ok(client.delete(&id).await?),
        ("resetToken", Some(id)) => {
            let expiry = words.parsed("expiry").map(UnixMillis::new);
            let token = client.call(async |raw| {
                let request = raw.reset_token().token_id(id.as_str());
                match expiry {
                    Some(expiry) => request.expiry(expiry).send().await,
                    None => request.send().await,
                }
            });
            output::token(format, &token.await?)
        }
        (id, _) => Err(Failure::other(format!("this version does not know {id}"))),
    }
}

/// The client for the account that the environment and `--host` name.
fn client(arguments: &ArgMatches) -> Result<Client, Failure> {
    let mut builder = ClientBuilder::from_env()?;
    if let Some(host) = arguments.get_one::<String>("host") {
        builder = builder.host(host);
    }
    Ok(builder.user_agent_suffix("ldtokens-cli").build()?)
}

async fn get_tokens(client: &Client, words: &Words) -> Result<ldtokens::raw::types::Tokens, Error> {
    let list = client.call(async |raw| {
        let mut request = raw.get_tokens();
        if let Some(all) = words.parsed::<bool>("showAll") {
            request = request.show_all(all);
        }
        if let Some(limit) = words.parsed::<std::num::NonZeroU64>("limit") {
            request = request.limit(limit);
        }
        if let Some(offset) = words.parsed::<i64>("offset") {
            request = request.offset(offset);
        }
        request.send().await
    });
    list.await
}
