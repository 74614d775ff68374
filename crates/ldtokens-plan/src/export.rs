use std::collections::BTreeSet;

use ldtokens::{Client, Error, Token};
use serde_json::Value;

use crate::file::{ManagedToken, TokensFile};
use crate::marker::{Marker, State, format_time, is_key};

/// The file that describes these tokens. Its destinations are to be filled in by hand, since the API does not know them. Tokens that
/// another replaces, or whose creation was interrupted, are left out.
pub fn export<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> TokensFile {
    let marked: Vec<_> = tokens.into_iter().map(|token| (token, marker_of(token))).collect();
    let mut keys: BTreeSet<String> =
        marked.iter().filter_map(|(_, marker)| Some(marker.as_ref()?.key.clone())).collect();
    let mut file = TokensFile::default();
    for (token, marker) in marked {
        let key = match marker {
            Some(Marker { key, state: State::Current }) => key,
            Some(_) => continue,
            None => {
                let key = free_key(token, &keys);
                keys.insert(key.clone());
                key
            }
        };
        file.tokens.push(describe(token, key));
    }
    file
}

/// Puts the marker of its key on each token that [`export`] has given one. Returns the number of tokens that were marked.
///
/// # Errors
/// The first error of the API. Those before it are marked; run it again.
pub async fn adopt(client: &Client, tokens: &[Token], file: &TokensFile) -> Result<usize, Error> {
    let unmarked = tokens.iter().filter(|token| marker_of(token).is_none());
    let keys = export(tokens).tokens.into_iter().map(|token| token.key);
    let fresh: Vec<_> =
        keys.filter(|key| !tokens.iter().any(|token| marker_of(token).is_some_and(|own| own.key == *key))).collect();
    let mut count = 0;
    for (token, key) in unmarked.zip(fresh) {
        if file.find(&key).is_none() {
            continue;
        }
        let marker = Marker { key, state: State::Current };
        client
            .edit(&token.id, |token| {
                let (text, markers) = Marker::split(token.description.as_deref().unwrap_or_default());
                if markers.is_empty() {
                    token.description = Some(marker.append_to(&text));
                }
            })
            .await?;
        count += 1;
    }
    Ok(count)
}

fn marker_of(token: &Token) -> Option<Marker> {
    Marker::split(token.description.as_deref().unwrap_or_default()).1.into_iter().next()
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
    let (description, _) = Marker::split(token.description.as_deref().unwrap_or_default());
    let mut managed = ManagedToken {
        key,
        name: token.name.clone().unwrap_or_default(),
        description,
        service_token: token.service_token.unwrap_or_default(),
        default_api_version: token.default_api_version,
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
