//! A token as the API returns it. It is made from the stored JSON text, which is not parsed for it.

use serde::Serialize;
use serde_json::Value;

use crate::response::{Link, link};
use crate::store::{MemberRow, StoredToken, TokenRow};

/// The properties that a response has besides the stored ones.
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

/// Writes the JSON text of a token to the end of `out`.
pub(crate) fn write(token: TokenRow<'_>, last_used: Option<i64>, out: &mut Vec<u8>) {
    let TokenRow { id, properties, member, .. } = token;
    let (of_token, of_member) = (format!("/api/v2/tokens/{id}"), format!("/api/v2/members/{}", member.id));
    let added = Added {
        member: Member {
            id: member.id,
            links: SelfLink { to_self: link(&of_member) },
            email: member.email,
            role: member.role,
            first_name: member.first_name,
            last_name: member.last_name,
        },
        links: Links { to_self: link(&of_token), parent: link("/api/v2/tokens") },
        // The vendor's way to say that it was never used.
        last_used: last_used.unwrap_or(0),
    };
    // The properties are an object with at least the ID: the comma takes the place of the brace that opens `added`.
    out.extend_from_slice(properties.trim_end().strip_suffix('}').unwrap_or(properties).as_bytes());
    let brace = out.len();
    serde_json::to_writer(&mut *out, &added).expect("it is text and numbers");
    out[brace] = b',';
}

/// The JSON text of a token.
pub(crate) fn text(token: &StoredToken, last_used: Option<i64>) -> Vec<u8> {
    let properties = token.properties.text();
    let mut out = Vec::with_capacity(properties.len() + 512);
    let member = &token.member;
    let member = MemberRow {
        id: &member.id,
        email: &member.email,
        role: &member.role,
        first_name: &member.first_name,
        last_name: &member.last_name,
    };
    let row = TokenRow { id: &token.id, properties: &properties, member, last_used: token.last_used };
    write(row, last_used, &mut out);
    out
}

/// [`text`] as a value.
pub(crate) fn value(token: &StoredToken, last_used: Option<i64>) -> Value {
    serde_json::from_slice(&text(token, last_used)).unwrap_or_default()
}
