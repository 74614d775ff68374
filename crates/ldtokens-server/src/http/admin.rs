//! The admin routes: they change the injected faults, the clock, the times of tokens and the account, while the server runs. They
//! are on a port of their own, for this machine alone, and below `/admin` on the main port, for the owner's credential.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use ldtokens_client::UnixMillis;
use serde::Deserialize;
use serde_json::Value;

use crate::faults::fault::Fault;
use crate::http::hosts::Hosts;
use crate::http::service::Service;
use crate::operations::token_response;
use crate::operations::token_rules::check_new_expiry;
use crate::response::{ApiError, json_text_response};
use crate::store::Records;

/// Where the routes are on the main port.
pub(crate) const PATH: &str = "/admin";

const PATHS: &str = "the paths are /faults, /clock, /tokens/{ID} and /account/restore";

fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/faults", get(list_faults).post(add_faults).delete(clear_faults))
        .route("/clock", get(show_clock).put(set_clock))
        .route("/tokens/{id}", patch(patch_token))
        .route("/account/restore", post(restore_account))
        .fallback(async || (StatusCode::NOT_FOUND, format!("not found; {PATHS}\n")))
}

/// The routes on the main port. Only a personal token of the account's owner with the Admin role may use them.
pub(crate) fn for_the_owner(service: Arc<Service>) -> Router<Arc<Service>> {
    routes().layer(from_fn_with_state(service, refuse_all_but_the_owner))
}

/// The routes on a port of their own, which needs no credential.
pub(crate) fn router(service: Arc<Service>, hosts: Hosts) -> Router {
    routes().layer(from_fn_with_state(hosts, refuse_other_hosts)).with_state(service)
}

async fn refuse_other_hosts(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if !hosts.allow(&request) {
        return (StatusCode::FORBIDDEN, "the Host header names a host other than localhost\n").into_response();
    }
    refuse_web_pages(request, next).await
}

async fn refuse_web_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return (StatusCode::FORBIDDEN, "requests from web pages are refused\n").into_response();
    }
    next.run(request).await
}

async fn refuse_all_but_the_owner(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    match service.caller(request.headers()).await {
        Ok(caller) if caller.is_owner() => refuse_web_pages(request, next).await,
        Ok(_) => ApiError::FORBIDDEN.into_response(),
        Err(error) => error.into_response(),
    }
}

async fn list_faults(State(service): State<Arc<Service>>) -> String {
    service.faults.left().iter().map(|fault| format!("{fault}\n")).collect()
}

async fn add_faults(State(service): State<Arc<Service>>, body: String) -> (StatusCode, String) {
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    let read: Result<Vec<Fault>, _> = lines.map(str::parse).collect();
    match read.and_then(|read| service.faults.add(read)) {
        Ok(()) => (StatusCode::OK, list_faults(State(service)).await),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

async fn clear_faults(State(service): State<Arc<Service>>) -> StatusCode {
    service.faults.clear();
    StatusCode::NO_CONTENT
}

async fn show_clock(State(service): State<Arc<Service>>) -> String {
    format!("{}\n", service.clock.now())
}

/// Sets the clock to a Unix time in milliseconds, or, with a sign before the number, moves it.
async fn set_clock(State(service): State<Arc<Service>>, body: String) -> (StatusCode, String) {
    let text = body.trim();
    let moment = text.parse::<i64>().ok().and_then(|millis| match text.starts_with(['+', '-']) {
        true => service.clock.now().get().checked_add(millis),
        false => Some(millis),
    });
    match moment.filter(|millis| (0..=crate::operations::token_rules::MAX_EXPIRY).contains(millis)) {
        Some(millis) => {
            service.clock.set(UnixMillis::new(millis));
            (StatusCode::OK, show_clock(State(service)).await)
        }
        None => {
            let form = "give a Unix time in milliseconds up to the year 9999, or + or - and milliseconds to move the clock by\n";
            (StatusCode::BAD_REQUEST, form.to_owned())
        }
    }
}

/// The times of a token that only the server itself sets otherwise. 0 as `lastUsed` means never, and null as `expiry` too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenTimes {
    creation_date: Option<UnixMillis>,
    last_used: Option<UnixMillis>,
    #[serde(default, deserialize_with = "present")]
    expiry: Option<Option<UnixMillis>>,
}

/// Tells null from an absent property.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<UnixMillis>>, D::Error> {
    Option::deserialize(from).map(Some)
}

async fn patch_token(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let times: TokenTimes = serde_json::from_slice(&body).map_err(ApiError::invalid_body)?;
    let last_use = service.store.last_use().clone();
    let write = move |records: &Records<'_>| -> Result<Response, ApiError> {
        let mut token = records.token(&id)?.ok_or(ApiError::NOT_FOUND)?;
        if let Some(created) = times.creation_date {
            token.properties["creationDate"] = created.get().into();
        }
        match (times.expiry, token.properties.as_object_mut()) {
            (Some(Some(expiry)), Some(properties)) => {
                check_new_expiry(expiry)?;
                drop(properties.insert("expiry".to_owned(), Value::from(expiry.get())));
            }
            (Some(None), Some(properties)) => drop(properties.remove("expiry")),
            _ => {}
        }
        records.replace(&token)?;
        if let Some(moment) = times.last_used {
            last_use.note(token.number, moment.get());
        }
        let text = token_response::text(&token, last_use.of(token.number).or(token.last_used));
        Ok(json_text_response(StatusCode::OK, text))
    };
    service.store.write(write).await
}

/// Puts the account back to what it was when the server started, with the same secrets.
async fn restore_account(State(service): State<Arc<Service>>) -> Result<StatusCode, ApiError> {
    let Some(start) = service.start.clone() else { return Err(ApiError::NO_START) };
    if let Some(moment) = start.clock() {
        service.clock.set(moment);
    }
    let (now, last_use) = (service.clock.now().get(), service.store.last_use().clone());
    let restore = move |records: &Records<'_>| -> Result<(), ApiError> {
        records.clear()?;
        start.add_to(records, now)?;
        last_use.forget_all();
        Ok(())
    };
    service.store.write(restore).await?;
    Ok(StatusCode::NO_CONTENT)
}
