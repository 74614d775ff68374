use std::collections::BTreeMap;

use ldtokens::raw::reqwest::Method;
use ldtokens::{Client, Error, Operation};
use serde_json::Value;

/// The custom roles of an account. Requests may name them by key or ID; responses have the IDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomRoles {
    /// By ID.
    keys: BTreeMap<String, String>,
}

impl CustomRoles {
    /// Reads them, a thousand with each request. There are none if the credential may not read them.
    ///
    /// # Errors
    /// Those of the client.
    pub async fn read(client: &Client) -> Result<Self, Error> {
        let mut keys = BTreeMap::new();
        loop {
            let known = keys.len();
            let request = client.request(Operation::Other("getCustomRoles"), Method::GET, "/roles");
            let page: Value = match request.query("limit", "1000").query("offset", &known.to_string()).send().await {
                Ok(body) => serde_json::from_slice(&body).unwrap_or_default(),
                Err(Error::NotFound(_) | Error::Forbidden(_)) => Value::Null,
                Err(error) => return Err(error),
            };
            let roles = page["items"].as_array().into_iter().flatten();
            keys.extend(roles.filter_map(|role| Some((role["_id"].as_str()?.into(), role["key"].as_str()?.into()))));
            if keys.len() == known || page["totalCount"].as_u64().is_none_or(|total| keys.len() as u64 >= total) {
                return Ok(Self { keys });
            }
        }
    }

    /// The role's ID, or the text itself if that is all that is known. An ID that is also another role's key is an ID.
    pub fn id<'a>(&'a self, key_or_id: &'a str) -> &'a str {
        let with_key = || self.keys.iter().find(|(_, key)| *key == key_or_id).map(|(id, _)| id.as_str());
        if self.keys.contains_key(key_or_id) { key_or_id } else { with_key().unwrap_or(key_or_id) }
    }

    /// The role's key, or the text itself if that is all that is known.
    pub fn key<'a>(&'a self, id: &'a str) -> &'a str {
        self.keys.get(id).map_or(id, String::as_str)
    }

    /// Whether there is a role with this key or ID.
    pub fn has(&self, key_or_id: &str) -> bool {
        self.keys.contains_key(self.id(key_or_id))
    }
}

/// Whether it has the form of an ID, 24 hexadecimal digits, so that it need not be looked up.
pub fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}
