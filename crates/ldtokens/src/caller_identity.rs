//! Who the credential belongs to.
//!
//! Written by hand: `openapi.yaml` has the six operations on access tokens, and `GET /caller-identity` is not one of them.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::TokenId;
use crate::client::Client;
use crate::error::Error;
use crate::send::operation::Operation;

/// Who a credential belongs to, and what it is. The API documents every property as optional (fact 13).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(missing_docs)] // the names are the API's own, and it says no more
pub struct CallerIdentity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
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
    /// Properties that this crate does not know, or of an unexpected type.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

impl Client {
    /// Asks who the client's credential belongs to. Any valid credential may ask.
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client) -> Result<(), ldtokens::Error> {
    /// let caller = client.whoami().await?;
    /// println!("token {:?} of member {:?}", caller.token_name, caller.member_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if the credential is not valid, and those of every call.
    pub async fn whoami(&self) -> Result<CallerIdentity, Error> {
        let operation = Operation::GetCallerIdentity;
        let body = self.request(operation, Method::GET, "/caller-identity").send().await?;
        let undecodable =
            |_| Error::Undecodable { operation, token_id: None, place: "the body is not a JSON object".to_owned() };
        Ok(CallerIdentity::read(serde_json::from_slice(&body).map_err(undecodable)?))
    }
}

impl CallerIdentity {
    /// Reads what can be read. What has an unexpected type stays in `extra`.
    fn read(mut json: Map<String, Value>) -> Self {
        json.retain(|_, value| !value.is_null());
        fn take<T: serde::de::DeserializeOwned>(json: &mut Map<String, Value>, name: &str) -> Option<T> {
            let value = serde_json::from_value(json.get(name)?.clone()).ok()?;
            json.remove(name);
            Some(value)
        }
        Self {
            account_id: take(&mut json, "accountId"),
            environment_id: take(&mut json, "environmentId"),
            environment_name: take(&mut json, "environmentName"),
            project_id: take(&mut json, "projectId"),
            project_name: take(&mut json, "projectName"),
            auth_kind: take(&mut json, "authKind"),
            token_kind: take(&mut json, "tokenKind"),
            client_id: take(&mut json, "clientId"),
            token_name: take(&mut json, "tokenName"),
            token_id: take(&mut json, "tokenId"),
            member_id: take(&mut json, "memberId"),
            service_token: take(&mut json, "serviceToken"),
            scopes: take(&mut json, "scopes").unwrap_or_default(),
            extra: json.into_iter().collect(),
        }
    }
}
