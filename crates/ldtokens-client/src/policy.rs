use std::fmt;

use crate::types::{self, StatementEffect};

/// The actions of a statement, such as `updateOn` or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actions {
    /// These.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

impl Actions {
    /// All actions.
    pub fn all() -> Self {
        Self::only(["*"])
    }

    /// These actions.
    pub fn only<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::Only(strings(actions))
    }

    /// All actions but these.
    pub fn all_but<S: Into<String>>(actions: impl IntoIterator<Item = S>) -> Self {
        Self::AllBut(strings(actions))
    }
}

/// The resources of a statement, by their specifiers, such as `proj/*:env/production:flag/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resources {
    /// These.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

impl Resources {
    /// These resources.
    pub fn only<S: Into<String>>(specifiers: impl IntoIterator<Item = S>) -> Self {
        Self::Only(strings(specifiers))
    }

    /// All resources but these.
    pub fn all_but<S: Into<String>>(specifiers: impl IntoIterator<Item = S>) -> Self {
        Self::AllBut(strings(specifiers))
    }
}

/// One statement of a [`Policy`]: it allows or denies some actions on some resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement(types::Statement);

impl Statement {
    /// Allows `actions` on `resources`.
    pub fn allow(actions: Actions, resources: Resources) -> Self {
        Self::new(StatementEffect::Allow, actions, resources)
    }

    /// Denies `actions` on `resources`, whatever other statements allow.
    pub fn deny(actions: Actions, resources: Resources) -> Self {
        Self::new(StatementEffect::Deny, actions, resources)
    }

    fn new(effect: StatementEffect, actions: Actions, resources: Resources) -> Self {
        let statement = types::Statement::builder().effect(effect).extra(crate::Extra::default());
        let statement = match actions {
            Actions::Only(actions) => statement.actions(actions),
            Actions::AllBut(actions) => statement.not_actions(actions),
        };
        let statement = match resources {
            Resources::Only(resources) => statement.resources(resources),
            Resources::AllBut(resources) => statement.not_resources(resources),
        };
        Self(statement.try_into().expect("all that a statement requires is set"))
    }

    /// Checks only what every statement needs. The API checks the actions and the resource specifiers.
    ///
    /// # Errors
    /// [`InvalidPolicy`] says what is wrong.
    pub fn check(wire: &types::Statement) -> Result<(), InvalidPolicy> {
        if wire.actions.is_empty() == wire.not_actions.is_empty() {
            return invalid("a statement has either `actions` or `notActions`, and at least one action");
        }
        if wire.resources.is_empty() == wire.not_resources.is_empty() {
            return invalid("a statement has either `resources` or `notResources`, and at least one resource");
        }
        if matches!(wire.effect, StatementEffect::Other(_)) {
            return invalid("the effect of a statement is `allow` or `deny`");
        }
        Ok(())
    }
}

impl TryFrom<types::Statement> for Statement {
    type Error = InvalidPolicy;

    fn try_from(wire: types::Statement) -> Result<Self, InvalidPolicy> {
        Self::check(&wire).map(|()| Self(wire))
    }
}

/// An inline policy: statements that give a token its permissions, instead of a role.
///
/// ```
/// use ldtokens_client::{Actions, Policy, Resources, Statement};
/// let policy = Policy::new([
///     Statement::allow(Actions::only(["updateOn"]), Resources::only(["proj/*:env/test:flag/*"])),
///     Statement::deny(Actions::all(), Resources::only(["proj/payments"])),
/// ])?;
/// assert_eq!(policy.statements().len(), 2);
/// # Ok::<(), ldtokens_client::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(Vec<Statement>);

impl Policy {
    /// A policy with these statements, in this order.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if there is no statement, or one has no action or no resource.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Result<Self, InvalidPolicy> {
        let statements: Vec<_> = statements.into_iter().collect();
        if statements.is_empty() {
            return invalid("a policy has at least one statement");
        }
        statements.iter().try_for_each(|statement| Statement::check(&statement.0))?;
        Ok(Self(statements))
    }

    /// Reads a policy that was written by hand: a JSON array of statements. Any property of a statement that this crate does not
    /// know is an error, since a misspelt `notResources` would allow more.
    ///
    /// # Errors
    /// [`InvalidPolicy`] says what is wrong with the text or with a statement.
    pub fn from_json(text: &str) -> Result<Self, InvalidPolicy> {
        let wire: Vec<types::Statement> = serde_json::from_str(text)
            .map_err(|error| InvalidPolicy(format!("a policy is a JSON array of statements: {error}")))?;
        if let Some(unknown) = wire.iter().find_map(|statement| statement.extra.keys().next()) {
            return invalid(format!("a statement has no property `{unknown}`: is it `{}`?", nearest(unknown)));
        }
        Self::from_wire(wire)
    }

    /// The policy of a token, as the API returns it. Properties that this crate does not know are kept.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if there is no statement, or this crate can't read one.
    pub fn from_wire(wire: impl IntoIterator<Item = types::Statement>) -> Result<Self, InvalidPolicy> {
        Self::new(wire.into_iter().map(Statement))
    }

    /// Its statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.0
    }

    /// The statements as the API writes them, as in a token: the opposite of [`from_wire`](Self::from_wire).
    pub fn to_wire(&self) -> Vec<types::Statement> {
        self.0.iter().map(|statement| statement.0.clone()).collect()
    }
}

/// The error for statements that can't be a [`Policy`]. It says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy(String);

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPolicy {}

fn invalid<T>(reason: impl Into<String>) -> Result<T, InvalidPolicy> {
    Err(InvalidPolicy(reason.into()))
}

/// The property of a statement that differs in the fewest characters.
fn nearest(unknown: &str) -> &'static str {
    let distance = |name: &str| {
        let mut row: Vec<usize> = (0..=name.len()).collect();
        for (at, character) in unknown.bytes().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], at + 1);
            for (index, known) in name.bytes().enumerate() {
                let replaced = diagonal + usize::from(!known.eq_ignore_ascii_case(&character));
                diagonal = row[index + 1];
                row[index + 1] = replaced.min(diagonal + 1).min(row[index] + 1);
            }
        }
        row[name.len()]
    };
    let names = ["effect", "actions", "notActions", "resources", "notResources"];
    names.into_iter().min_by_key(|name| distance(name)).expect("there are names")
}

fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

#[cfg(test)]
#[path = "../tests/unit/policy.rs"]
mod tests;
