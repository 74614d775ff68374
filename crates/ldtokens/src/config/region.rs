/// A LaunchDarkly instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `https://app.launchdarkly.com`
    #[default]
    Us,
    /// `https://app.eu.launchdarkly.com`
    Eu,
    /// `https://app.launchdarkly.us`
    Federal,
}

impl Region {
    /// The instance's host, as a URL without the API's path.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Us => "https://app.launchdarkly.com",
            Self::Eu => "https://app.eu.launchdarkly.com",
            Self::Federal => "https://app.launchdarkly.us",
        }
    }
}
