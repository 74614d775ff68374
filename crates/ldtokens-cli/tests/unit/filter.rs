use serde_json::{Value, json};

use super::{Filter, Order, nothing_matches};
use crate::moment::moment;

const USED: i64 = 1_750_000_000_000; // 2025-06-15

fn token() -> Value {
    json!({
        "_id": "a", "name": "Nightly Export", "role": "reader", "serviceToken": true, "lastUsed": USED,
        "creationDate": USED - 86_400_000, "customRoleIds": ["ops", "dev"], "defaultApiVersion": 20240415,
        "_member": {"email": "a@example.com", "role": "admin"}
    })
}

#[test]
fn a_condition_is_met_or_not() {
    for (text, met) in [
        ("role=reader", true),
        ("role=Reader", true),
        ("role=writer", false),
        ("role=owner", false),
        ("role!=writer", true),
        ("name~export", true),
        ("name~EXPORT", true),
        ("name~import", false),
        ("name = Nightly Export", true),
        ("name= =x", false),
        ("description=", true),
        ("description!=", false),
        ("name=", false),
        ("serviceToken=true", true),
        ("serviceToken=TRUE", true),
        ("serviceToken!=false", true),
        ("kind=Service", true),
        ("customRoleIds=ops", true),
        ("customRoleIds=qa", false),
        ("_member.email~@example.com", true),
        ("_member.role=admin", true),
        ("lastUsed<2025-06-16", true),
        ("lastUsed<2025-06-15", false),
        ("lastUsed>=2000-01-01", true),
        ("lastUsed<2000-01-01T00:00:00Z", false),
        ("lastUsed=1750000000000", true),
        ("lastUsed=never", false),
        ("lastUsed!=never", true),
        ("creationDate>2025-06-16", false),
        ("defaultApiVersion>=20220603", true),
        ("defaultApiVersion=20240415", true),
        ("name=a=b", false),
        ("expiry=never", true),
        ("expiry<2100-01-01", false),
    ] {
        let filter = Filter::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.is_met_by(&token()), met, "{text}");
    }
}

/// `lastUsed: 0` and an absent one both mean never (fact 9); an absent boolean is false to Go, which leaves it out.
#[test]
fn never_and_absent_have_their_place() {
    for token in [json!({"creationDate": USED}), json!({"creationDate": USED, "lastUsed": 0})] {
        for (text, met) in [
            ("lastUsed=never", true),
            ("lastUsed!=never", false),
            ("lastUsed<2026-01-01", false),
            ("lastUsed>2000-01-01", false),
            ("serviceToken=false", true),
            ("serviceToken=", true),
        ] {
            assert_eq!(Filter::new(text).unwrap().is_met_by(&token), met, "{text} of {token}");
        }
    }
}

#[test]
fn what_was_never_used_counts_from_its_creation() {
    let at = |text: &str| Filter::not_used_since(moment(text).unwrap());
    let never = json!({"creationDate": USED, "lastUsed": 0});
    for token in [token(), never] {
        assert!(at("2025-06-16").is_met_by(&token) && !at("2025-06-15").is_met_by(&token), "{token}");
    }
    // 0 is no time.
    assert!(!at("2025-06-16").is_met_by(&json!({"creationDate": 0, "lastUsed": 0})));
    let created = |text: &str| Filter::of_time("creationDate", "<", moment(text).unwrap()).is_met_by(&token());
    assert!(created("2025-06-16") && !created("2025-06-14"));
}

#[test]
fn what_is_mistyped_is_refused_with_the_right_word() {
    for (text, words) in [
        ("role", "a filter reads"),
        ("colour=red", "no field `colour`"),
        ("_member.emial!=x", "did you mean `_member.email`"),
        ("_member.x=y", "_member.email"),
        ("customRoleIds.key=x", "no field `customRoleIds.key`"),
        ("=x", "no field"),
        ("role!reader", "no operator `!`"),
        ("name==x", "did you mean `name=x`"),
        ("name~=x", "did you mean `name~x`"),
        ("name=~x", "did you mean `name~x`"),
        ("role<>reader", "did you mean `role!=reader`"),
        ("lastUsed=<2026-01-31", "did you mean `lastUsed<=2026-01-31`"),
        ("name!~x", "no operator `!~`"),
        ("role=readr", "did you mean `reader`"),
        ("role=admin,writer", "one of reader, writer, admin"),
        ("_member.role=admn", "did you mean `admin`"),
        ("kind=services", "did you mean `service`"),
        ("serviceToken=yes", "one of true, false"),
        ("serviceToken~t", "only by"),
        ("lastUsed<90d", "--unused-for 90d"),
        ("lastUsed<-90d", "--unused-for 90d"),
        ("creationDate<90d", "--older-than 90d"),
        ("lastUsed<90", "not a Unix time in milliseconds"),
        ("lastUsed<1750000000", "not a Unix time in milliseconds"),
        ("lastUsed<soon", "a date like 2026-01-31"),
        ("lastUsed=soon", "a date like 2026-01-31"),
        ("lastUsed=2026-01-31", "give a range"),
        ("lastUsed<never", "lastUsed=never"),
        ("creationDate=never", "only lastUsed"),
        ("expiry<30d", "--expires-within 30d"),
        ("lastUsed~2026", "only by"),
        ("lastUsed<", "is missing"),
        ("name~", "is missing"),
        ("name<x", "only by"),
        ("defaultApiVersion=new", "a whole number"),
        ("_member=x", "_member.email"),
    ] {
        let error = Filter::new(text).map(|filter| panic!("{text}: {filter:?}")).unwrap_err();
        assert!(error.contains(words), "{text}: {words} in {error}");
    }
}

#[test]
fn what_expires_soon_is_not_what_has_expired() {
    let at = |text: &str| moment(text).unwrap();
    let (now, soon) = (at("2026-01-01"), at("2026-01-31"));
    for (expiry, expires, is_over) in [
        (json!({"expiry": at("2025-12-31").get()}), false, true),
        (json!({"expiry": at("2026-01-30").get()}), true, false),
        (json!({"expiry": at("2026-01-31").get()}), false, false),
        (json!({"expiry": 0}), false, false),
        (json!({}), false, false),
    ] {
        let filters = [Filter::of_time("expiry", ">=", now), Filter::of_time("expiry", "<", soon)];
        assert_eq!(Filter::all_match(&filters, &expiry), expires, "{expiry}");
        assert_eq!(Filter::of_time("expiry", "<", now).is_met_by(&expiry), is_over, "{expiry}");
    }
}

#[test]
fn what_matches_nothing_is_named() {
    let filters = [Filter::new("name~nosuch").unwrap(), Filter::new("role=admin").unwrap()];
    assert_eq!(nothing_matches(&filters), "no token matches name~nosuch and role=admin");
}

#[test]
fn an_order_puts_what_is_absent_last() {
    let mut tokens = [json!({"name": "b"}), json!({}), json!({"name": "A"})];
    tokens.sort_by(|a, b| Order::new("name").unwrap().compare(a, b));
    assert_eq!(tokens, [json!({"name": "A"}), json!({"name": "b"}), json!({})]);
    tokens.sort_by(|a, b| Order::new("-name").unwrap().compare(a, b));
    assert_eq!(tokens, [json!({"name": "b"}), json!({"name": "A"}), json!({})]);
}
