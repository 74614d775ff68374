use crate::RetryPolicy;
use crate::retry::{AttemptOutcome, Decision, Idempotency, RetryState, decide};
use ldtokens_client::types::JsonPatch;
use std::time::Duration;

const RETRY: Decision = Decision::Retry(Duration::from_millis(100));
const REFUSED: AttemptOutcome = AttemptOutcome::REFUSED;
const UNKNOWN: AttemptOutcome = AttemptOutcome::LOST;
const TOLD_WHEN: AttemptOutcome = AttemptOutcome { wait: Some(Duration::ZERO), ..REFUSED };

/// A response with this status.
fn responded(status: u16) -> AttemptOutcome {
    if status < 300 { AttemptOutcome::DONE } else { AttemptOutcome::of_error(status, None) }
}

fn state(counted: u32, unknown: bool) -> RetryState {
    RetryState { counted, unknown, is_gone: false, left: Duration::from_secs(10) }
}

fn after(idempotency: Idempotency, outcome: AttemptOutcome, unknown_before: bool) -> Decision {
    decide(idempotency, outcome, state(1, unknown_before), &RetryPolicy::default(), 0.5)
}

#[test]
fn each_row_of_the_retry_table_holds() {
    use Idempotency::{Delete, Idempotent, NotIdempotent, ReadOnly};
    let told_when_unknown = AttemptOutcome { wait: Some(Duration::ZERO), ..UNKNOWN };
    let rows = [
        (ReadOnly, UNKNOWN, RETRY),
        (ReadOnly, REFUSED, RETRY),
        (ReadOnly, TOLD_WHEN, RETRY),
        (ReadOnly, responded(404), Decision::Return),
        (ReadOnly, AttemptOutcome::FINAL, Decision::Return),
        (NotIdempotent, AttemptOutcome::FINAL, Decision::Return),
        (ReadOnly, AttemptOutcome::UNREADABLE, Decision::Return),
        (Delete, AttemptOutcome::UNREADABLE, Decision::OutcomeUnknown),
        (Idempotent, AttemptOutcome::UNREADABLE, Decision::OutcomeUnknown),
        (NotIdempotent, AttemptOutcome::UNREADABLE, Decision::OutcomeUnknown),
        (Delete, UNKNOWN, RETRY),
        (Delete, REFUSED, RETRY),
        (Delete, responded(404), Decision::Return),
        (Delete, responded(401), Decision::Return),
        (Idempotent, UNKNOWN, RETRY),
        (Idempotent, told_when_unknown, RETRY),
        (Idempotent, REFUSED, RETRY),
        (Idempotent, responded(422), Decision::Return),
        (NotIdempotent, UNKNOWN, Decision::OutcomeUnknown),
        (NotIdempotent, told_when_unknown, Decision::OutcomeUnknown),
        (NotIdempotent, REFUSED, RETRY),
        (NotIdempotent, TOLD_WHEN, RETRY),
        (NotIdempotent, responded(201), Decision::Return),
    ];
    for (idempotency, outcome, decision) in rows {
        assert_eq!(after(idempotency, outcome, false), decision, "{idempotency:?} after {outcome:?}");
    }
}

#[test]
fn after_an_unknown_outcome_responses_have_their_own_rules() {
    use Idempotency::{Delete, Idempotent, ReadOnly};
    assert_eq!(after(Idempotent, AttemptOutcome::FINAL, true), Decision::OutcomeUnknown);
    for status in [400, 401, 403, 404, 409] {
        assert_eq!(after(Delete, responded(status), true), Decision::OutcomeUnknown);
    }
    for status in [400, 401, 403, 404, 409, 422] {
        assert_eq!(after(Idempotent, responded(status), true), Decision::OutcomeUnknown);
    }
    assert_eq!(after(Idempotent, responded(200), true), Decision::Return);
    assert_eq!(after(ReadOnly, responded(404), true), Decision::Return);
    assert_eq!(after(Idempotent, AttemptOutcome::FINAL, true), Decision::OutcomeUnknown);
    for (idempotency, decision) in [(Delete, Decision::Done), (Idempotent, Decision::OutcomeUnknown)] {
        let gone = RetryState { is_gone: true, ..state(1, true) };
        assert_eq!(decide(idempotency, responded(404), gone, &RetryPolicy::default(), 0.5), decision);
    }
}

#[test]
fn retries_end_at_the_maximum_of_attempts_or_at_the_deadline() {
    use Idempotency::{Delete, Idempotent, NotIdempotent, ReadOnly};
    let policy = RetryPolicy::default();
    let last = state(policy.max_attempts, false);
    assert_eq!(decide(ReadOnly, UNKNOWN, last, &policy, 0.5), Decision::Return);
    assert_eq!(decide(Idempotent, UNKNOWN, last, &policy, 0.5), Decision::OutcomeUnknown);
    assert_eq!(decide(Delete, UNKNOWN, last, &policy, 0.5), Decision::OutcomeUnknown);
    assert_eq!(decide(Delete, REFUSED, last, &policy, 0.5), Decision::Return);
    assert_eq!(decide(Delete, REFUSED, state(policy.max_attempts, true), &policy, 0.5), Decision::OutcomeUnknown);
    assert_eq!(decide(NotIdempotent, REFUSED, last, &policy, 0.5), Decision::Return);
    let told_when = decide(NotIdempotent, TOLD_WHEN, last, &policy, 0.5);
    assert!(matches!(told_when, Decision::Retry(_)), "{told_when:?}");
    let out_of_time = RetryState { left: Duration::ZERO, ..state(1, false) };
    assert_eq!(decide(ReadOnly, REFUSED, out_of_time, &policy, 0.5), Decision::Return);
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
fn a_patch_is_idempotent_if_applying_it_twice_has_the_same_result() {
    let is_idempotent = |operation: &str| {
        let patch: JsonPatch = serde_json::from_str(&format!("[{operation}]")).unwrap();
        patch.iter().all(crate::retry::is_idempotent)
    };
    for operation in [
        r#"{"op": "replace", "path": "/name", "value": "a"}"#,
        r#"{"op": "replace", "path": "/customRoleIds/0", "value": "a"}"#,
        r#"{"op": "test", "path": "/name", "value": "a"}"#,
        r#"{"op": "add", "path": "/description", "value": "a"}"#,
        r#"{"op": "remove", "path": "/description"}"#,
    ] {
        assert!(is_idempotent(operation), "{operation}");
    }
    for operation in [
        r#"{"op": "add", "path": "/customRoleIds/-", "value": "a"}"#,
        r#"{"op": "add", "path": "/customRoleIds/0", "value": "a"}"#,
        r#"{"op": "remove", "path": "/customRoleIds/0"}"#,
        r#"{"op": "move", "from": "/name", "path": "/description"}"#,
        r#"{"op": "copy", "from": "/customRoleIds/0", "path": "/customRoleIds/-"}"#,
    ] {
        assert!(!is_idempotent(operation), "{operation}");
    }
}

#[test]
fn no_response_makes_a_call_wait_for_more_than_five_minutes() {
    let wait = AttemptOutcome::of_error(503, Some(Duration::from_secs(3600))).wait;
    assert_eq!(wait, Some(Duration::from_secs(300)));
}

// Our choice: a wait that ends only at the deadline leaves no time for the attempt.
#[test]
fn a_wait_that_would_reach_the_deadline_is_not_started() {
    let left = |left| RetryState { left, ..state(1, false) };
    let (wait, policy) = (Duration::from_millis(100), RetryPolicy::default());
    assert_eq!(decide(Idempotency::ReadOnly, REFUSED, left(wait), &policy, 0.5), Decision::Return);
    let longer = left(wait + Duration::from_millis(1));
    assert_eq!(decide(Idempotency::ReadOnly, REFUSED, longer, &policy, 0.5), RETRY);
}

// The methods as RFC 9110 (9.2) classes them; the patches are as in the table of the guide on retries.
#[test]
fn the_method_and_the_patch_determine_idempotency() {
    use Idempotency::{Delete, Idempotent, NotIdempotent, ReadOnly};
    let of = |method: &str, body: &'static str| {
        let url = "https://app.launchdarkly.com/api/v2/tokens".parse().unwrap();
        let mut request = reqwest::Request::new(method.parse().unwrap(), url);
        *request.body_mut() = Some(body.into());
        Idempotency::of(&request)
    };
    let settles = r#"[{"op": "replace", "path": "/name", "value": "a"}]"#;
    let grows = r#"[{"op": "add", "path": "/customRoleIds/-", "value": "a"}]"#;
    let commented = r#"{"comment": "c", "patch": [{"op": "replace", "path": "/name", "value": "a"}]}"#;
    let grows_commented = r#"{"comment": "c", "patch": [{"op": "add", "path": "/customRoleIds/-", "value": "a"}]}"#;
    let rows = [
        ("GET", "", ReadOnly),
        ("HEAD", "", ReadOnly),
        ("OPTIONS", "", ReadOnly),
        ("DELETE", "", Delete),
        ("POST", settles, NotIdempotent),
        ("PUT", settles, NotIdempotent),
        ("PATCH", settles, Idempotent),
        ("PATCH", commented, Idempotent),
        ("PATCH", grows, NotIdempotent),
        ("PATCH", grows_commented, NotIdempotent),
        ("PATCH", "no patch", NotIdempotent),
    ];
    for (method, body, idempotency) in rows {
        assert_eq!(of(method, body), idempotency, "{method} {body}");
    }
}
