//! Decides the next action of a rotation, from its journal and the facts. A pure function.

use crate::rotation::error::Stuck;
use crate::rotation::journal::{Journal, NewSecret, Step, TokenState};
use crate::rotation::options::Strategy;

/// The number of replacements that may have been delivered before the rotation stops and asks for help.
const MAX_SUPERSEDED: usize = 5;

/// What the next action depends on, besides the journal.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    /// The time by the API's clock.
    pub(crate) now: i64,
    /// The token now, if it exists. Only read if [`needs_token`] says so.
    pub(crate) token: Option<&'a TokenState>,
    /// Whether the caller can create a token like it.
    pub(crate) can_replace: bool,
    pub(crate) is_forced: bool,
    /// How long the API may take to carry out a request whose response was lost, in milliseconds.
    pub(crate) settle: i64,
    /// Whether this process has waited for that.
    pub(crate) is_settled: bool,
    /// Whether there are tokens with the marker. Only searched for if [`needs_orphans`] says so.
    pub(crate) has_orphans: bool,
    /// The new secret, if this process has it.
    pub(crate) held: Option<&'a NewSecret>,
    /// Whether all destinations have the new secret.
    pub(crate) is_everywhere: bool,
    pub(crate) all_readable: bool,
    pub(crate) any_readable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Request a new secret with the journal's strategy.
    Issue,
    /// Wait until a request whose response was lost can no longer be carried out.
    Settle,
    /// Delete replacements that were not delivered.
    DeleteOrphans,
    /// Note in the journal that the new secret is known.
    Adopt,
    /// Start over, because the new secret is lost. Its token, if it is a replacement, is deleted now or at the end.
    BeginAgain {
        strategy: Strategy,
        delete_now: bool,
    },
    Deliver,
    MarkDelivered,
    Verify,
    /// Skip the check: no destination can be read back.
    MarkVerified,
    /// Delete what the rotation left behind, except the old token.
    Tidy,
    /// Delete the old token.
    DeleteOld,
    /// End the rotation of a token that was reset.
    Retire,
    /// Nothing to do until the overlap ends.
    Wait,
    Done,
    Stop(Stuck),
}

/// Whether the next action depends on the token's state in the API.
pub(crate) fn needs_token(journal: &Journal) -> bool {
    match journal.step {
        Step::Planned => journal.attempts > 0,
        Step::Verified => journal.strategy == Strategy::Reset && journal.attempts > 1,
        _ => false,
    }
}

/// Whether the next action depends on which tokens have the marker.
pub(crate) fn needs_orphans(journal: &Journal) -> bool {
    journal.step == Step::Planned && journal.strategy == Strategy::Replace && journal.marker.is_some()
}

/// Whether the token was reset since the rotation was planned.
pub(crate) fn was_reset(journal: &Journal, token: &TokenState) -> bool {
    // A new secret can have the same last four characters.
    *token != journal.old
}

pub(crate) fn next_step(journal: &Journal, facts: &Facts<'_>) -> Action {
    match journal.step {
        Step::Planned if facts.held.is_some() => Action::Adopt,
        Step::Planned if journal.attempts == 0 => Action::Issue,
        Step::Planned => again(journal, facts),
        Step::Issued if facts.held.is_none() => lost(journal, facts),
        Step::Issued if facts.is_everywhere => Action::MarkDelivered,
        Step::Issued => Action::Deliver,
        Step::Delivered if facts.held.is_none() && facts.any_readable => lost(journal, facts),
        Step::Delivered if facts.held.is_none() => Action::MarkVerified,
        Step::Delivered if !facts.is_everywhere => Action::Deliver,
        Step::Delivered => Action::Verify,
        Step::Verified => end(journal, facts),
        Step::Retired => Action::Done,
    }
}

/// After a request for a new secret whose response was lost.
fn again(journal: &Journal, facts: &Facts<'_>) -> Action {
    let Some(token) = facts.token else { return Action::Stop(Stuck::Gone) };
    match journal.strategy {
        Strategy::Replace if facts.has_orphans => Action::DeleteOrphans,
        Strategy::Replace if journal.superseded.len() >= MAX_SUPERSEDED && !facts.is_forced => {
            Action::Stop(Stuck::TooMany(journal.superseded.len()))
        }
        Strategy::Replace => Action::Issue,
        Strategy::Reset if !was_reset(journal, token) => {
            let waited = facts.now - journal.sent_at.unwrap_or(0);
            let is_settled = facts.is_settled || waited >= facts.settle;
            if is_settled { Action::Issue } else { Action::Settle }
        }
        Strategy::Reset => match lost(journal, facts) {
            Action::BeginAgain { strategy: Strategy::Reset, .. } => Action::Issue,
            other => other,
        },
    }
}

/// After a new secret was issued and lost.
fn lost(journal: &Journal, facts: &Facts<'_>) -> Action {
    match journal.strategy {
        Strategy::Replace => Action::BeginAgain { strategy: Strategy::Replace, delete_now: facts.all_readable },
        // The old secret has stopped working, so another reset breaks nothing.
        Strategy::Reset if journal.ends_at_once() || facts.is_forced && !facts.can_replace => {
            Action::BeginAgain { strategy: Strategy::Reset, delete_now: false }
        }
        // What a second reset does to a secret in its overlap is not known.
        Strategy::Reset if facts.can_replace => Action::BeginAgain { strategy: Strategy::Replace, delete_now: false },
        Strategy::Reset => {
            let until = journal.old_ends_at.filter(|until| *until > facts.now);
            Action::Stop(Stuck::Lost { until })
        }
    }
}

fn end(journal: &Journal, facts: &Facts<'_>) -> Action {
    let is_over = journal.ends_at_once() || journal.old_ends_at.is_none_or(|ends| facts.now >= ends);
    match journal.strategy {
        Strategy::Reset if journal.attempts > 1 => {
            let Some(token) = facts.token else { return Action::Stop(Stuck::Gone) };
            // A reset whose response was lost was carried out after the one whose secret was delivered.
            let is_overtaken = journal.new.as_ref().is_some_and(|new| new.last_four != token.last_four);
            if is_overtaken { lost(journal, facts) } else { Action::Retire }
        }
        Strategy::Reset => Action::Retire,
        Strategy::Replace if !journal.is_tidy => Action::Tidy,
        Strategy::Replace if is_over => Action::DeleteOld,
        Strategy::Replace => Action::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Facts, next_step};
    use crate::rotation::error::Stuck;
    use crate::rotation::journal::{Journal, NewSecret, Step, TokenState, VERSION};
    use crate::rotation::options::Strategy;

    const NOW: i64 = 1_000_000;
    const DAY: i64 = 86_400_000;

    fn state(last_four: &str) -> TokenState {
        TokenState { last_four: last_four.to_owned(), last_modified: 7 }
    }

    fn new_secret() -> NewSecret {
        NewSecret { token_id: "b".to_owned(), last_four: "new4".to_owned() }
    }

    fn journal(strategy: Strategy, step: Step, attempts: u32) -> Journal {
        let is_new = step > Step::Planned;
        Journal {
            version: VERSION,
            token_id: "a".to_owned(),
            name: None,
            strategy,
            step,
            overlap: DAY,
            old: state("old4"),
            attempts,
            sent_at: (attempts > 0).then_some(NOW - 1),
            lost_at: None,
            new: is_new.then(new_secret),
            old_ends_at: Some(NOW + DAY),
            marker: (strategy == Strategy::Replace).then(|| "[ldtokens rotate 1]".to_owned()),
            superseded: Vec::new(),
            is_tidy: false,
            destinations: Vec::new(),
            rotated_at: None,
            may_not_create: false,
        }
    }

    fn facts<'a>(token: Option<&'a TokenState>, held: Option<&'a NewSecret>) -> Facts<'a> {
        Facts {
            now: NOW,
            token,
            can_replace: true,
            is_forced: false,
            settle: 20_000,
            is_settled: false,
            has_orphans: false,
            held,
            is_everywhere: false,
            all_readable: true,
            any_readable: true,
        }
    }

    use Strategy::{Replace, Reset};

    const TO_REPLACE: Action = Action::BeginAgain { strategy: Replace, delete_now: false };

    #[test]
    fn a_reset_goes_through_its_steps() {
        let new = new_secret();
        let (old, reset) = (state("old4"), state("new4"));
        let held = facts(Some(&old), Some(&new));
        let everywhere = Facts { is_everywhere: true, ..held.clone() };
        for (journal, facts, action) in [
            (journal(Reset, Step::Planned, 0), facts(Some(&old), None), Action::Issue),
            (journal(Reset, Step::Issued, 1), held.clone(), Action::Deliver),
            (journal(Reset, Step::Issued, 1), everywhere.clone(), Action::MarkDelivered),
            (journal(Reset, Step::Delivered, 1), everywhere, Action::Verify),
            (journal(Reset, Step::Verified, 1), facts(None, None), Action::Retire),
            (journal(Reset, Step::Verified, 2), facts(Some(&reset), None), Action::Retire),
            (journal(Reset, Step::Retired, 1), facts(None, None), Action::Done),
        ] {
            assert_eq!(next_step(&journal, &facts), action, "{journal:?}");
        }
    }

    #[test]
    fn a_reset_is_repeated_only_after_the_first_can_no_longer_be_carried_out() {
        let (same, reset) = (state("old4"), state("new4"));
        let touched = TokenState { last_modified: 8, ..state("old4") };
        let planned = journal(Reset, Step::Planned, 1);
        let unsettled = facts(Some(&same), None);
        let settled = Facts { is_settled: true, ..unsettled.clone() };
        let later = Facts { now: NOW + 20_000, ..unsettled.clone() };
        assert_eq!(next_step(&planned, &unsettled), Action::Settle);
        assert_eq!(next_step(&planned, &settled), Action::Issue);
        assert_eq!(next_step(&planned, &later), Action::Issue);
        assert_eq!(next_step(&planned, &facts(Some(&reset), None)), TO_REPLACE);
        assert_eq!(next_step(&planned, &facts(Some(&touched), None)), TO_REPLACE, "the last four can be the same");
        assert_eq!(next_step(&planned, &facts(None, None)), Action::Stop(Stuck::Gone));
        let overtaken = state("late");
        assert_eq!(next_step(&journal(Reset, Step::Verified, 2), &facts(Some(&overtaken), None)), TO_REPLACE);
    }

    #[test]
    fn a_lost_secret_is_replaced_while_the_old_one_works_and_reset_again_when_nothing_works() {
        let reset = state("new4");
        let lost = facts(Some(&reset), None);
        for step in [Step::Issued, Step::Delivered] {
            assert_eq!(next_step(&journal(Reset, step, 1), &lost), TO_REPLACE, "{step:?}");
        }
        let at_once = Journal { overlap: 0, ..journal(Reset, Step::Issued, 1) };
        let again = Action::BeginAgain { strategy: Reset, delete_now: false };
        assert_eq!(next_step(&at_once, &lost), again);
        assert_eq!(next_step(&Journal { overlap: 0, ..journal(Reset, Step::Planned, 1) }, &lost), Action::Issue);
        let others = Facts { can_replace: false, ..lost };
        let stuck = Action::Stop(Stuck::Lost { until: Some(NOW + DAY) });
        assert_eq!(next_step(&journal(Reset, Step::Issued, 1), &others), stuck);
        let over = Facts { now: NOW + DAY, ..others.clone() };
        assert_eq!(next_step(&journal(Reset, Step::Issued, 1), &over), Action::Stop(Stuck::Lost { until: None }));
        assert_eq!(next_step(&journal(Reset, Step::Issued, 1), &Facts { is_forced: true, ..others }), again);
    }

    #[test]
    fn a_replacement_that_may_be_in_use_is_deleted_only_at_the_end() {
        let old = state("old4");
        let lost = facts(Some(&old), None);
        let issued = journal(Replace, Step::Issued, 1);
        let now = Action::BeginAgain { strategy: Replace, delete_now: true };
        assert_eq!(next_step(&issued, &lost), now);
        assert_eq!(next_step(&issued, &Facts { all_readable: false, ..lost.clone() }), TO_REPLACE);
        let unreadable = Facts { all_readable: false, any_readable: false, ..lost.clone() };
        assert_eq!(next_step(&journal(Replace, Step::Delivered, 1), &unreadable), Action::MarkVerified);
        let orphans = Facts { has_orphans: true, ..lost.clone() };
        assert_eq!(next_step(&journal(Replace, Step::Planned, 1), &orphans), Action::DeleteOrphans);
        assert_eq!(next_step(&journal(Replace, Step::Planned, 1), &lost), Action::Issue);
        let superseded = vec![String::new(); 5];
        let many = Journal { superseded, ..journal(Replace, Step::Planned, 1) };
        assert_eq!(next_step(&many, &lost), Action::Stop(Stuck::TooMany(5)));
        assert_eq!(next_step(&many, &Facts { is_forced: true, ..lost }), Action::Issue);
    }

    #[test]
    fn the_old_token_is_deleted_when_the_overlap_has_ended() {
        let verified = journal(Replace, Step::Verified, 1);
        let tidy = Journal { is_tidy: true, ..verified.clone() };
        let now = facts(None, None);
        assert_eq!(next_step(&verified, &now), Action::Tidy);
        assert_eq!(next_step(&tidy, &now), Action::Wait);
        assert_eq!(next_step(&tidy, &Facts { now: NOW + DAY, ..now.clone() }), Action::DeleteOld);
        assert_eq!(next_step(&Journal { overlap: 0, ..tidy }, &now), Action::DeleteOld);
    }

    #[test]
    fn a_secret_that_is_found_again_is_used() {
        let (reset, new) = (state("new4"), new_secret());
        for strategy in [Reset, Replace] {
            let found = facts(Some(&reset), Some(&new));
            assert_eq!(next_step(&journal(strategy, Step::Planned, 1), &found), Action::Adopt);
            assert_eq!(next_step(&journal(strategy, Step::Issued, 1), &found), Action::Deliver);
        }
    }
}
