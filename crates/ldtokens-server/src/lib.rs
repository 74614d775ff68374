//! A local LaunchDarkly.
