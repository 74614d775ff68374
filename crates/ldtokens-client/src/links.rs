use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::lenient;

/// The names and media types that the API uses for links. Reading one of these needs no allocation.
const KNOWN: [&str; 7] = ["self", "parent", "first", "last", "next", "prev", "application/json"];

/// The links of a token, a member or a page to related resources, by name: `self`, `parent`, `next` and others.
///
/// They are a sorted list: as a map of strings, they would be half of the memory that a token allocates.
///
/// ```
/// let links: ldtokens_client::Links = serde_json::from_str(r#"{"self": {"href": "/api/v2/tokens"}}"#)?;
/// assert_eq!(links.get("self").unwrap().href.as_deref(), Some("/api/v2/tokens"));
/// assert!(links.get("next").is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Links(Vec<(Cow<'static, str>, Link)>);

impl Links {
    /// The link with this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Link> {
        self.position(name).ok().map(|at| &self.0[at].1)
    }

    /// The links and their names, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Link)> {
        self.0.iter().map(|(name, link)| (name.as_ref(), link))
    }

    fn insert(&mut self, name: Cow<'static, str>, link: Link) {
        match self.position(&name) {
            Ok(at) => self.0[at].1 = link,
            Err(at) => self.0.insert(at, (name, link)),
        }
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(found, _)| found.as_ref().cmp(name))
    }
}

/// Collects links by name. If a name comes twice, the last link is kept.
impl FromIterator<(String, Link)> for Links {
    fn from_iter<I: IntoIterator<Item = (String, Link)>>(entries: I) -> Self {
        let mut links = Self::default();
        for (name, link) in entries {
            links.insert(name.into(), link);
        }
        links
    }
}

impl Serialize for Links {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Links {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct ByName;

        impl<'de> Visitor<'de> for ByName {
            type Value = Links;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Links, A::Error> {
                // A token has two links.
                let mut links = Links(Vec::with_capacity(2));
                while let Some((KnownText(name), link)) = entries.next_entry::<KnownText, Option<Link>>()? {
                    if let Some(link) = link {
                        links.insert(name, link);
                    }
                }
                Ok(links)
            }
        }

        from.deserialize_map(ByName)
    }
}

/// A link to a resource, and the resource's media type.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Link {
    /// The path, with its query, on the same host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The media type there.
    #[serde(rename = "type", default, deserialize_with = "media_type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<Cow<'static, str>>,
}

fn media_type<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Cow<'static, str>>, D::Error> {
    Ok(Option::<KnownText>::deserialize(from)?.map(|KnownText(text)| text))
}

/// A string that is usually one of [`KNOWN`].
struct KnownText(Cow<'static, str>);

impl<'de> Deserialize<'de> for KnownText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        lenient::text(from, |text| match KNOWN.iter().find(|known| **known == text) {
            Some(known) => Self(Cow::Borrowed(known)),
            None => Self(Cow::Owned(text.to_owned())),
        })
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Links {
    fn schema_name() -> Cow<'static, str> {
        "Links".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<Link>() })
    }
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn links_read_back_the_same_in_any_order() {
        let json =
            r#"{"self":{"href":"/s","type":"application/json"},"new":{"href":"/n","type":"text/x"},"next":null}"#;
        let links: Links = serde_json::from_str(json).unwrap();
        assert_eq!(links.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["new", "self"]);
        assert_eq!(links.get("new").unwrap().type_.as_deref(), Some("text/x"));
        let mut entries: Vec<_> = links.iter().map(|(name, link)| (name.to_owned(), link.clone())).collect();
        entries.reverse();
        let other_order: Links = entries.into_iter().collect();
        assert_eq!(other_order, links);
        let written = serde_json::to_string(&links).unwrap();
        assert_eq!(serde_json::from_str::<Links>(&written).unwrap(), links);
    }

    #[test]
    fn the_last_of_two_links_with_the_same_name_is_kept() {
        let links: Links = serde_json::from_str(r#"{"self":{"href":"/a"},"self":{"href":"/b"}}"#).unwrap();
        assert_eq!((links.iter().len(), links.get("self").unwrap().href.as_deref()), (1, Some("/b")));
    }
}
