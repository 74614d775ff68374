//! A token as the API shows it. It is written straight from what is stored, which is JSON already.

use serde::Serialize;
use serde_json::Value;

use crate::store::StoredToken;

/// What is shown of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) id: &'a str,
    /// The JSON text of an object, which has at least the ID.
    pub(crate) document: &'a str,
    pub(crate) member: ShownMember<'a>,
    /// Unix milliseconds.
    pub(crate) last_used: Option<i64>,
}

/// What is shown of a token's member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownMember<'a> {
    pub(crate) id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) role: &'a str,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    r#type: &'a str,
}

fn link(href: &str) -> Link<'_> {
    Link { href, r#type: "application/json" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Added<'a> {
    #[serde(rename = "_member")]
    member: Member<'a>,
    #[serde(rename = "_links")]
    links: Links<'a>,
    last_used: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Member<'a> {
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_links")]
    links: SelfLink<'a>,
    email: &'a str,
    role: &'a str,
    first_name: &'a str,
    last_name: &'a str,
}

#[derive(Serialize)]
struct SelfLink<'a> {
    #[serde(rename = "self")]
    to_self: Link<'a>,
}

#[derive(Serialize)]
struct Links<'a> {
    #[serde(rename = "self")]
    to_self: Link<'a>,
    parent: Link<'a>,
}

impl Shown<'_> {
    /// Writes its JSON text after what is in `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let Self { id, document, member, last_used } = self;
        let (token, of_member) = (format!("/api/v2/tokens/{id}"), format!("/api/v2/members/{}", member.id));
        let added = Added {
            member: Member {
                id: member.id,
                links: SelfLink { to_self: link(&of_member) },
                email: member.email,
                role: member.role,
                first_name: member.first_name,
                last_name: member.last_name,
            },
            links: Links { to_self: link(&token), parent: link("/api/v2/tokens") },
            // The vendor's way to say that it was never used.
            last_used: last_used.unwrap_or(0),
        };
        out.extend_from_slice(document.trim_end().strip_suffix('}').unwrap_or(document).as_bytes());
        let brace = out.len();
        serde_json::to_writer(&mut *out, &added).expect("it is text and numbers");
        out[brace] = b',';
    }
}

/// The JSON text of a token as the API shows it.
pub(crate) fn text(token: &StoredToken, last_used: Option<i64>) -> Vec<u8> {
    let member = &token.member;
    let document = token.document.text();
    let mut out = Vec::with_capacity(document.len() + 512);
    let member = ShownMember {
        id: &member.id,
        email: &member.email,
        role: &member.role,
        first_name: &member.first_name,
        last_name: &member.last_name,
    };
    Shown { id: &token.id, document: &document, member, last_used }.write(&mut out);
    out
}

/// [`text`] as a value.
pub(crate) fn value(token: &StoredToken, last_used: Option<i64>) -> Value {
    serde_json::from_slice(&text(token, last_used)).unwrap_or_default()
}
