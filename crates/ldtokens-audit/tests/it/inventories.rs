//! Inventories: no secrets, and whether all tokens were seen.

use ldtokens::{Error, Operation, UnixMillis};
use ldtokens_audit::{Inventory, Policy, Scope, audit};
use serde_json::{Value, json};

use crate::support::{NOW, caller, found, inventory, token};

const SECRET: &str = "api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b";

#[test]
fn an_inventory_has_no_secret_and_is_read_as_it_was_written() {
    let odd = json!({ "token": SECRET, "oldToken": SECRET, "_links": { "self": { "href": SECRET } } });
    let inventory = inventory(&[token(1, &odd)]);
    let text = serde_json::to_string(&inventory).unwrap();
    assert!(!text.contains(&SECRET[..20]), "{text}");
    assert!(text.contains(r#""token":"4a5b""#), "{text}");
    assert_eq!(serde_json::from_str::<Inventory>(&text).unwrap(), inventory);
    let newer = text.replace("ldtokens inventory 1", "ldtokens inventory 2");
    assert!(serde_json::from_str::<Inventory>(&newer).unwrap_err().to_string().contains("ldtokens inventory 1"));
}

/// Whether an inventory of these tokens, read by this credential, is complete.
fn is_complete(tokens: &[Value], own: Value) -> bool {
    let mut inventory = inventory(tokens);
    inventory.seen_by(Some(&caller(own)));
    inventory.is_complete()
}

#[test]
fn only_an_admin_or_anothers_personal_token_shows_that_all_tokens_were_seen() {
    let own = || json!({ "tokenId": crate::support::id(1), "memberId": "me" });
    let mine = |role: &str, service: bool, member: &str| {
        token(
            1,
            &json!({ "role": role, "serviceToken": service, "memberId": "me", "_member": { "_id": "me", "role": member } }),
        )
    };
    assert!(is_complete(&[mine("admin", false, "owner")], own()));
    assert!(is_complete(&[mine("admin", true, "reader")], own()));
    assert!(!is_complete(&[mine("admin", false, "writer")], own()), "a personal token can't do more than its member");
    assert!(!is_complete(&[mine("reader", true, "owner")], own()));
    let others = token(2, &json!({ "serviceToken": false, "memberId": "you" }));
    assert!(is_complete(&[mine("reader", false, "reader"), others.clone()], own()));
    let service = token(2, &json!({ "serviceToken": true, "memberId": "you" }));
    assert!(!is_complete(&[mine("reader", false, "reader"), service], own()), "everyone sees service tokens");
    assert!(!is_complete(&[others], json!({})), "whose credential it is is not known");
    let mut unknown = inventory(&[]);
    unknown.seen_by(None);
    assert_eq!(found(&audit(&unknown, &Policy::default())), ["partial-inventory"]);
}

#[test]
fn one_members_tokens_are_complete_if_no_more_were_asked_for() {
    let mut inventory = Inventory::new(UnixMillis::new(NOW), Scope::OneMember, Vec::new());
    inventory.seen_by(None);
    assert!(inventory.is_complete());
}

#[test]
fn a_token_that_cannot_be_read_is_a_critical_finding_with_its_id() {
    let mut inventory = inventory(&[token(1, &json!({}))]);
    let (operation, place) = (Operation::GetTokens, "missing: creationDate".to_owned());
    let mut unreadable = Error::undecodable(operation, place);
    if let Error::Undecodable { token_id, .. } = &mut unreadable {
        *token_id = Some("abc".to_owned());
    }
    inventory.add_error(&unreadable);
    inventory.add_error(&Error::ListChanged("x".to_owned()));
    let report = audit(&inventory, &Policy::default());
    assert_eq!(found(&report), ["partial-inventory", "partial-inventory"]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["findings"][0]["tokenId"], &json["findings"][1]["tokenIds"]), (&json!("abc"), &json!([])));
    assert_eq!((&json["findings"][0]["severity"], &json["complete"]), (&json!("critical"), &json!(false)));
}
