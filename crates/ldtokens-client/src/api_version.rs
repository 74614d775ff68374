use std::fmt;
use std::str::FromStr;

/// A version of the API. The header `LD-API-Version` of a request names one, and a token's `defaultApiVersion` applies to
/// requests without that header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// 26 April 2016.
    V20160426,
    /// 12 December 2019.
    V20191212,
    /// 29 July 2021.
    V20210729,
    /// 3 June 2022.
    V20220603,
    /// 15 April 2024, the latest: lists come in pages.
    #[default]
    V20240415,
    /// Resources in beta. Only for the header: a token can't have it as its default.
    Beta,
}

impl ApiVersion {
    /// All versions, the oldest first.
    pub const ALL: [Self; 6] =
        [Self::V20160426, Self::V20191212, Self::V20210729, Self::V20220603, Self::V20240415, Self::Beta];

    /// The version as the header names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V20160426 => "20160426",
            Self::V20191212 => "20191212",
            Self::V20210729 => "20210729",
            Self::V20220603 => "20220603",
            Self::V20240415 => "20240415",
            Self::Beta => "beta",
        }
    }

    /// The version as a number, as in `defaultApiVersion`. `None` for `Beta`.
    pub fn number(self) -> Option<i64> {
        self.as_str().parse().ok()
    }

    /// The version with this number, as in `defaultApiVersion`. `None` if there is no such version.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == Some(number))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ApiVersion {
    type Err = InvalidApiVersion;

    fn from_str(version: &str) -> Result<Self, InvalidApiVersion> {
        Self::ALL.into_iter().find(|known| known.as_str() == version).ok_or(InvalidApiVersion(()))
    }
}

/// The error for a text that is not an [`ApiVersion`]. It names the versions that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidApiVersion(());

impl fmt::Display for InvalidApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an API version: use one of {}", ApiVersion::ALL.map(ApiVersion::as_str).join(", "))
    }
}

impl std::error::Error for InvalidApiVersion {}
