//! A report as text in several formats.

mod chart;
mod csv;
mod escape;
mod html;
mod markdown;
mod prometheus;

pub use csv::csv;
pub use html::html;
pub use markdown::markdown;
pub use prometheus::prometheus;
