use std::collections::BTreeSet;

use ldtokens::{ApiVersion, Client, Error, Token, TokenId};
use ldtokens_lifecycle::without_notes;
use serde_json::Value;

use crate::file::{ManagedToken, TokensFile};
use crate::marker::{Marker, State, format_time, is_key};

/// What [`export`] makes of tokens.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Export {
    /// The file that describes them. Its destinations are to be filled in by hand, since the API does not know them.
    pub file: TokensFile,
    /// Which tokens are not in it, and why.
    pub left_out: Vec<String>,
    /// The tokens in it that have no marker yet, and their keys. [`adopt`] marks them.
    pub unmarked: Vec<(TokenId, String)>,
}

/// Describes these tokens. `account` is all tokens of the account: no key of theirs is given to another.
pub fn export<'a>(tokens: impl IntoIterator<Item = &'a Token>, account: &[Token]) -> Export {
    let mut keys: BTreeSet<String> = account.iter().flat_map(markers_of).map(|marker| marker.key).collect();
    let (mut export, mut written) = (Export::default(), BTreeSet::new());
    for token in tokens {
        let key = match markers_of(token).as_slice() {
            [marker] if marker.file().is_some() => Err("it is in a file that has a name".to_owned()),
            [Marker { key, state: State::Current }] if !written.contains(key) => Ok(key.clone()),
            [Marker { key, state: State::Current }] => Err(format!("another token has the key {key}")),
            [] => Ok(free_key(token, &keys)),
            [_] => Err("another has replaced it, or its creation was interrupted".to_owned()),
            _ => Err("it has several markers".to_owned()),
        };
        let described = key.map(|key| describe(token, key)).and_then(|managed| {
            let file = TokensFile { name: None, tokens: vec![managed.clone()] };
            file.check().map(|()| managed).map_err(|error| error.to_string())
        });
        match described {
            Ok(managed) => {
                if keys.insert(managed.key.clone()) {
                    export.unmarked.push((token.id.clone(), managed.key.clone()));
                }
                written.insert(managed.key.clone());
                export.file.tokens.push(managed);
            }
            Err(reason) => export.left_out.push(format!("{}: {reason}", token.id)),
        }
    }
    export
}

/// Puts the marker of its key on each token that has none yet. Returns the number of tokens that were marked.
///
/// # Errors
/// The first error of the API. Those before it are marked; run it again.
pub async fn adopt(client: &Client, export: &Export) -> Result<usize, Error> {
    let mut count = 0;
    for (id, key) in &export.unmarked {
        let marker = Marker { key: key.clone(), state: State::Current };
        let token = client
            .edit(id, |token| {
                let (text, markers) = Marker::of(token);
                if markers.is_empty() {
                    token.description = Some(marker.append_to(&text));
                }
            })
            .await?;
        count += usize::from(markers_of(&token) == [marker]);
    }
    Ok(count)
}

fn markers_of(token: &Token) -> Vec<Marker> {
    Marker::of(token).1
}

/// A key made from the name, which no other token has.
fn free_key(token: &Token, taken: &BTreeSet<String>) -> String {
    let name = token.name.as_deref().unwrap_or_default().to_lowercase();
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut key = words.collect::<Vec<_>>().join("-");
    key.truncate(48);
    let key = key.trim_end_matches('-');
    let key = if is_key(key) { key } else { "token" };
    let numbered = (2..).map(|number| format!("{key}-{number}"));
    std::iter::once(key.to_owned()).chain(numbered).find(|key| !taken.contains(key)).expect("numbers do not end")
}

fn describe(token: &Token, key: String) -> ManagedToken {
    let (description, _) = Marker::of(token);
    let mut managed = ManagedToken {
        key,
        name: token.name.clone().unwrap_or_default(),
        description: without_notes(&description),
        service_token: token.service_token.unwrap_or_default(),
        default_api_version: token.default_api_version.filter(|number| ApiVersion::from_number(*number).is_some()),
        expiry: token.expiry.map(format_time),
        ..ManagedToken::default()
    };
    if !token.inline_role.is_empty() {
        managed.inline_role = serde_json::to_value(&token.inline_role).ok().filter(|policy| *policy != Value::Null);
    } else if !token.custom_role_ids.is_empty() {
        managed.custom_role_ids.clone_from(&token.custom_role_ids);
    } else {
        managed.role = token.role.as_ref().map(|role| role.as_str().to_owned());
    }
    managed
}
