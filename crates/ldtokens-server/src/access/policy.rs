//! What the statements of a policy allow, as the vendor's "Using policies" says.

use ldtokens_client::types::{Statement, StatementEffect};

/// Whether `statements` allow `action` on `resource`: one allows it, and none denies it.
pub(crate) fn allows(statements: &[Statement], action: &str, resource: &str) -> bool {
    let mut applying = statements.iter().filter(|statement| applies(statement, action, resource)).peekable();
    applying.peek().is_some() && applying.all(|statement| statement.effect == StatementEffect::Allow)
}

/// Whether `policy` surely allows nothing that `statements` don't: it has no other allowing statement than theirs, and all
/// that deny. Of statements that differ it can't be told which reaches further.
pub(crate) fn contains(statements: &[Statement], policy: &[Statement]) -> bool {
    let allows = |statement: &&Statement| statement.effect == StatementEffect::Allow;
    policy.iter().filter(allows).all(|statement| statements.contains(statement))
        && statements.iter().filter(|statement| !allows(statement)).all(|statement| policy.contains(statement))
}

fn applies(statement: &Statement, action: &str, resource: &str) -> bool {
    let named = |list: &[String], matches: &dyn Fn(&str) -> bool| list.iter().any(|item| matches(item));
    let of_action = |pattern: &str| glob(pattern, action);
    let of_resource = |specifier: &str| covers(specifier, resource);
    let actions = if statement.not_actions.is_empty() {
        named(&statement.actions, &of_action)
    } else {
        !named(&statement.not_actions, &of_action)
    };
    let resources = if statement.not_resources.is_empty() {
        named(&statement.resources, &of_resource)
    } else {
        !named(&statement.not_resources, &of_resource)
    };
    actions && resources
}

/// Whether the specifier (`member/*:token/*`) covers the resource (`member/1:token/2`).
fn covers(specifier: &str, resource: &str) -> bool {
    if specifier == "*" {
        return true;
    }
    let (mut patterns, mut parts) = (specifier.split(':'), resource.split(':'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if part_covers(pattern, part) => {}
            _ => return false,
        }
    }
}

fn part_covers(pattern: &str, part: &str) -> bool {
    let (Some((kind, names)), Some((part_kind, name))) = (pattern.split_once('/'), part.split_once('/')) else {
        return false;
    };
    // Tags come after a semicolon; no token has any.
    glob(kind, part_kind) && !names.contains(';') && names.split(',').any(|pattern| glob(pattern, name))
}

/// Whether `text` matches `pattern`, where `*` stands for any letters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{allows, contains, covers, glob};
    use ldtokens_client::types::Statement;

    fn statements(json: &str) -> Vec<Statement> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_glob_matches_any_letters() {
        for (pattern, text) in
            [("*", ""), ("*", "a"), ("a*", "a"), ("a*c", "abbc"), ("*Token", "resetToken"), ("a*b*c", "abc")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "ab"), ("ab*ba", "aba"), ("", "a"), ("a*b*c", "ac")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_specifier_covers_part_by_part() {
        for specifier in ["*", "member/*:token/*", "member/1:token/2", "member/1,2:token/*", "*/*:token/*"] {
            assert!(covers(specifier, "member/1:token/2"), "{specifier}");
        }
        for specifier in ["member/*", "token/*", "member/2:token/*", "service-token/*", "member/*:token/*;tag", ""] {
            assert!(!covers(specifier, "member/1:token/2"), "{specifier}");
        }
    }

    #[test]
    fn a_denial_beats_what_allows() {
        let both = r#"[{"effect": "allow", "actions": ["*"], "resources": ["service-token/*"]},
                       {"effect": "deny", "actions": ["delete*"], "resources": ["service-token/*"]}]"#;
        assert!(allows(&statements(both), "resetAccessToken", "service-token/1"));
        assert!(!allows(&statements(both), "deleteAccessToken", "service-token/1"));
        assert!(!allows(&statements(both), "resetAccessToken", "member/1:token/1"));
        assert!(!allows(&[], "resetAccessToken", "service-token/1"));
    }

    #[test]
    fn a_policy_contains_what_has_no_more_that_allows_and_no_less_that_denies() {
        let allow = r#"{"effect": "allow", "actions": ["*"], "resources": ["service-token/*"]}"#;
        let other = r#"{"effect": "allow", "actions": ["*"], "resources": ["*"]}"#;
        let deny = r#"{"effect": "deny", "actions": ["delete*"], "resources": ["*"]}"#;
        let list = |parts: &[&str]| statements(&format!("[{}]", parts.join(",")));
        for (own, wanted, expected) in [
            (&[allow, deny][..], &[allow, deny][..], true),
            (&[allow, other], &[allow], true),
            (&[allow], &[allow, deny], true),
            (&[allow, deny], &[allow], false),
            (&[allow], &[other], false),
            (&[], &[allow], false),
            (&[allow], &[], true),
        ] {
            assert_eq!(contains(&list(own), &list(wanted)), expected, "{own:?} {wanted:?}");
        }
    }

    #[test]
    fn what_is_not_excepted_applies() {
        let but = r#"[{"effect": "allow", "notActions": ["deleteAccessToken"], "notResources": ["member/*:token/*"]}]"#;
        assert!(allows(&statements(but), "resetAccessToken", "service-token/1"));
        assert!(!allows(&statements(but), "deleteAccessToken", "service-token/1"));
        assert!(!allows(&statements(but), "resetAccessToken", "member/1:token/1"));
    }
}
