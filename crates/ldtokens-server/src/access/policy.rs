//! What the statements of a policy allow, after the vendor's "Using policies".

use ldtokens_client::types::{Statement, StatementEffect};

/// Whether `statements` allow `action` on `resource`: at least one allows it, and none denies it.
pub(crate) fn allows(statements: &[Statement], action: &str, resource: &str) -> bool {
    let mut applying = statements.iter().filter(|statement| applies(statement, action, resource)).peekable();
    applying.peek().is_some() && applying.all(|statement| statement.effect == StatementEffect::Allow)
}

/// Whether it is certain that `policy` allows nothing that `statements` don't: all its statements that allow are among them,
/// and it has all of theirs that deny. Two different statements are not compared further.
pub(crate) fn contains(statements: &[Statement], policy: &[Statement]) -> bool {
    let allows = |statement: &&Statement| statement.effect == StatementEffect::Allow;
    policy.iter().filter(allows).all(|statement| statements.contains(statement))
        && statements.iter().filter(|statement| !allows(statement)).all(|statement| policy.contains(statement))
}

fn applies(statement: &Statement, action: &str, resource: &str) -> bool {
    let action_is_in = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, action));
    let resource_is_in = |specifiers: &[String]| specifiers.iter().any(|specifier| covers(specifier, resource));
    let action_applies = if statement.not_actions.is_empty() {
        action_is_in(&statement.actions)
    } else {
        !action_is_in(&statement.not_actions)
    };
    let resource_applies = if statement.not_resources.is_empty() {
        resource_is_in(&statement.resources)
    } else {
        !resource_is_in(&statement.not_resources)
    };
    action_applies && resource_applies
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
    // After a semicolon come tags, and no token has tags.
    glob(kind, part_kind) && !names.contains(';') && names.split(',').any(|pattern| glob(pattern, name))
}

/// Whether `text` matches `pattern`, where `*` stands for any text.
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
    fn a_star_matches_any_text() {
        for (pattern, text) in
            [("*", ""), ("*", "a"), ("a*", "a"), ("a*c", "abbc"), ("*Token", "resetToken"), ("a*b*c", "abc")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a", "ab"), ("a*c", "ab"), ("ab*ba", "aba"), ("", "a"), ("a*b*c", "ac"), ("*ab*ab", "ab")]
        {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_specifier_is_compared_part_by_part() {
        for specifier in ["*", "member/*:token/*", "member/1:token/2", "member/1,2:token/*", "*/*:token/*"] {
            assert!(covers(specifier, "member/1:token/2"), "{specifier}");
        }
        for specifier in [
            "member/*",
            "token/*",
            "member/2:token/*",
            "service-token/*",
            "member/*:flag/*",
            "member/*:token/*;a,*",
            "",
        ] {
            assert!(!covers(specifier, "member/1:token/2"), "{specifier}");
        }
    }

    #[test]
    fn a_statement_that_denies_beats_one_that_allows() {
        let both = r#"[{"effect": "allow", "actions": ["*"], "resources": ["service-token/*"]},
                       {"effect": "deny", "actions": ["delete*"], "resources": ["service-token/*"]}]"#;
        assert!(allows(&statements(both), "resetAccessToken", "service-token/1"));
        assert!(!allows(&statements(both), "deleteAccessToken", "service-token/1"));
        assert!(!allows(&statements(both), "resetAccessToken", "member/1:token/1"));
        assert!(!allows(&[], "resetAccessToken", "service-token/1"));
    }

    #[test]
    fn a_contained_policy_has_no_other_allow_and_every_deny() {
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
    fn not_actions_and_not_resources_exclude() {
        let but = r#"[{"effect": "allow", "notActions": ["deleteAccessToken"], "notResources": ["member/*:token/*"]}]"#;
        assert!(allows(&statements(but), "resetAccessToken", "service-token/1"));
        assert!(!allows(&statements(but), "deleteAccessToken", "service-token/1"));
        assert!(!allows(&statements(but), "resetAccessToken", "member/1:token/1"));
    }
}
