use ldtokens_client::{Extra, readable_properties};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Client, Error, TokenId, UnixMillis};

/// Who a credential belongs to, and what it is. The API documents every property as optional. It is written by hand, because
/// `GET /caller-identity` is not one of the operations in `openapi.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
#[allow(missing_docs)] // the API documents only the names
pub struct CallerIdentity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_kind: Option<String>,
    /// When the credential expires. Absent if it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_token: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// All other properties, such as those of SDK keys and OAuth clients, and those of an unexpected type.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Client {
    /// Asks who the client's credential belongs to. Any valid credential may ask.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if the credential is not valid, and the errors of every call.
    pub async fn whoami(&self) -> Result<CallerIdentity, Error> {
        let request = self.request("getCallerIdentity", Method::GET, "/caller-identity");
        let json: Map<String, Value> = request.send_json().await?;
        // A property of an unexpected type goes to `extra`.
        let present = json.into_iter().filter(|(_, value)| !value.is_null());
        let (readable, unreadable) = readable_properties::<CallerIdentity>(&Map::new(), present);
        let mut caller: CallerIdentity = serde_json::from_value(readable.into()).expect("each property can be read");
        caller.extra.extend(unreadable);
        if let Some(id) = &caller.token_id {
            self.sender.credential_is_of(id);
        }
        Ok(caller)
    }
}
