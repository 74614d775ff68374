//! A token as the API returns it. It is made from the stored JSON text, which is not parsed for it.

use std::io::Write;

use serde_json::Value;

use crate::store::{MemberRow, StoredToken, TokenRow};

/// Writes the JSON text of a token to the end of `out`: its stored properties, and those that each response computes. IDs need no
/// escapes.
pub(crate) fn write(token: TokenRow<'_>, last_used: Option<i64>, out: &mut Vec<u8>) {
    let TokenRow { id, properties, member, .. } = token;
    out.extend_from_slice(properties.trim_end().strip_suffix('}').unwrap_or(properties).as_bytes());
    let to = |path: std::fmt::Arguments<'_>| format!(r#"{{"href":"/api/v2/{path}","type":"application/json"}}"#);
    let (to_self, parent) = (to(format_args!("tokens/{id}")), to(format_args!("tokens")));
    // The vendor's way to say that it was never used is 0.
    let last_used = last_used.unwrap_or(0);
    let links = write!(out, r#","lastUsed":{last_used},"_links":{{"self":{to_self},"parent":{parent}}},"_member":"#);
    serde_json::to_writer(&mut *out, &member).expect("it is text");
    out.pop();
    let member = write!(out, r#","_links":{{"self":{}}}}}}}"#, to(format_args!("members/{}", member.id)));
    links.and(member).expect("memory takes all that is written");
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
