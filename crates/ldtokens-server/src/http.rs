//! Requests and responses: routes, what is done around every request, and how a request gets to its operation.

pub(crate) mod admin;
pub(crate) mod hosts;
pub(crate) mod limits;
pub(crate) mod middleware;
pub(crate) mod request_head;
pub(crate) mod routes;
pub(crate) mod service;
