use super::{Decision, Known, Past, Repetition, RetryPolicy, decide};
use ldtokens_client::types::JsonPatch;
use std::time::Duration;

const AGAIN: Decision = Decision::Again(Duration::from_millis(100));

fn after(repetition: Repetition, known: Known, unknown_before: bool) -> Decision {
    let past = Past { attempts: 1, unknown: unknown_before, left: Duration::from_secs(10) };
    decide(repetition, known, past, &RetryPolicy::default(), 0.5)
}

#[test]
fn each_row_of_the_table() {
    use Known::{Answered, Unknown};
    use Repetition::{Deletes, Harms, Reads, Settles};
    let refused = Known::Refused { time_named: false };
    let told_when = Known::Refused { time_named: true };
    let rows = [
        (Reads, Unknown, AGAIN),
        (Reads, refused, AGAIN),
        (Reads, told_when, AGAIN),
        (Reads, Answered(404), Decision::Deliver),
        (Deletes, Unknown, AGAIN),
        (Deletes, refused, AGAIN),
        (Deletes, Answered(404), Decision::Deliver),
        (Settles, Unknown, AGAIN),
        (Settles, refused, AGAIN),
        (Settles, Answered(422), Decision::Deliver),
        (Harms, Unknown, Decision::SayUnknown),
        (Harms, refused, AGAIN),
        (Harms, told_when, AGAIN),
        (Harms, Answered(201), Decision::Deliver),
    ];
    for (repetition, known, decision) in rows {
        assert_eq!(after(repetition, known, false), decision, "{repetition:?} after {known:?}");
    }
}

#[test]
fn an_answer_reads_otherwise_after_an_unknown_outcome() {
    use Known::Answered;
    assert_eq!(after(Repetition::Deletes, Answered(404), true), Decision::Done);
    assert_eq!(after(Repetition::Deletes, Answered(403), true), Decision::Deliver);
    assert_eq!(after(Repetition::Settles, Answered(422), true), Decision::SayUnknown);
    assert_eq!(after(Repetition::Settles, Answered(409), true), Decision::SayUnknown);
    assert_eq!(after(Repetition::Settles, Answered(200), true), Decision::Deliver);
    assert_eq!(after(Repetition::Reads, Answered(404), true), Decision::Deliver);
}

#[test]
fn attempts_and_the_deadline_end_it() {
    let policy = RetryPolicy::default();
    let past = |attempts, left| Past { attempts, unknown: false, left };
    let ten = Duration::from_secs(10);
    let last = policy.max_attempts;
    let refused = Known::Refused { time_named: false };
    assert_eq!(decide(Repetition::Reads, Known::Unknown, past(last, ten), &policy, 0.5), Decision::Deliver);
    assert_eq!(decide(Repetition::Settles, Known::Unknown, past(last, ten), &policy, 0.5), Decision::SayUnknown);
    assert_eq!(decide(Repetition::Harms, refused, past(last, ten), &policy, 0.5), Decision::Deliver);
    let told_when = decide(Repetition::Harms, Known::Refused { time_named: true }, past(last, ten), &policy, 0.5);
    assert!(matches!(told_when, Decision::Again(_)), "{told_when:?}");
    assert_eq!(decide(Repetition::Reads, refused, past(1, Duration::ZERO), &policy, 0.5), Decision::Deliver);
}

#[test]
fn the_backoff_doubles_up_to_its_cap() {
    let policy = RetryPolicy::default();
    let waits: Vec<u64> = (1..9).map(|n| policy.backoff_after(n, 1.0).as_millis() as u64).collect();
    assert_eq!(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    assert_eq!(policy.backoff_after(200, 1.0), Duration::from_secs(10));
    assert_eq!(policy.backoff_after(3, 0.0), Duration::ZERO);
}

#[test]
fn a_patch_settles_if_doing_it_twice_does_no_more() {
    let settles = |operation: &str| {
        let patch: JsonPatch = serde_json::from_str(&format!("[{operation}]")).unwrap();
        patch.iter().all(super::settles)
    };
    for operation in [
        r#"{"op": "replace", "path": "/name", "value": "a"}"#,
        r#"{"op": "replace", "path": "/customRoleIds/0", "value": "a"}"#,
        r#"{"op": "test", "path": "/name", "value": "a"}"#,
        r#"{"op": "add", "path": "/description", "value": "a"}"#,
        r#"{"op": "remove", "path": "/description"}"#,
    ] {
        assert!(settles(operation), "{operation}");
    }
    for operation in [
        r#"{"op": "add", "path": "/customRoleIds/-", "value": "a"}"#,
        r#"{"op": "add", "path": "/customRoleIds/0", "value": "a"}"#,
        r#"{"op": "remove", "path": "/customRoleIds/0"}"#,
        r#"{"op": "move", "from": "/name", "path": "/description"}"#,
        r#"{"op": "copy", "from": "/customRoleIds/0", "path": "/customRoleIds/-"}"#,
    ] {
        assert!(!settles(operation), "{operation}");
    }
}
