//! Tests of what is private. Those of the rate limiter are modules of it.

mod api_error;
mod base_url;
mod rate_limit_headers;
mod retry;
mod server_time;
