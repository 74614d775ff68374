//! A server and a plain HTTP client.

use std::time::Duration;

use ldtokens_client::{Secret, UnixMillis};
use ldtokens_server::{Clock, Server};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::contract;

pub const START: i64 = 1_754_006_400_000;

pub struct Api {
    pub server: Server,
    pub clock: Clock,
    pub owner: Secret,
    http: reqwest::Client,
}

impl Api {
    pub async fn start() -> Self {
        let clock = Clock::manual(UnixMillis::new(START));
        let server = Server::builder().clock(clock.clone()).start().await.unwrap();
        let owner = server.owner_secret().unwrap().clone();
        Self { server, clock, owner, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.url()))
    }

    pub async fn send(&self, secret: &Secret, method: Method, path: &str, body: Option<&Value>) -> Response {
        let mut request = self.request(method.clone(), path).header("Authorization", secret.expose());
        if let Some(body) = body {
            request = request.json(body);
        }
        contract::checked(&method, path, request.send().await.unwrap()).await
    }

    /// Sends a request as the owner. Returns the status and the body.
    pub async fn owner(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let response = self.send(&self.owner, method, path, body).await;
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// Creates a token as the owner. Returns its path and its secret.
    pub async fn create(&self, body: &Value) -> (String, Secret) {
        let (status, token) = self.owner(Method::POST, "/api/v2/tokens", Some(body)).await;
        assert_eq!(status, 201, "{token}");
        let id = token["_id"].as_str().unwrap();
        (format!("/api/v2/tokens/{id}"), Secret::new(token["token"].as_str().unwrap()))
    }

    pub async fn reader(&self) -> (String, Secret) {
        self.create(&json!({ "name": "reader", "role": "reader" })).await
    }

    pub async fn works(&self, secret: &Secret) -> bool {
        match self.send(secret, Method::GET, "/api/v2/tokens?limit=1", None).await.status().as_u16() {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Checks that a response is an error in the vendor's form. Returns its body.
pub async fn refused(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert!(!body["message"].as_str().unwrap().is_empty() && body["id"].is_string(), "{body}");
    body
}
