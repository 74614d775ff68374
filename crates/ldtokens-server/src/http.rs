//! Requests and responses: routes, what goes around every request, and the checks of what comes in.

pub(crate) mod hosts;
pub(crate) mod limits;
pub(crate) mod middleware;
pub(crate) mod response;
pub(crate) mod routes;
pub(crate) mod validation;
