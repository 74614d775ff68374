use std::fmt;

use ldtokens_client::types::{self, StatementEffect};

/// The actions of a statement, as in `updateOn` or `*`.
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

/// The resources of a statement, by their specifiers, as in `proj/*:env/production:flag/*`.
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
///
/// It has either `actions` or `notActions`, and either `resources` or `notResources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    effect: StatementEffect,
    actions: Actions,
    resources: Resources,
}

impl Statement {
    /// Allows `actions` on `resources`.
    pub fn allow(actions: Actions, resources: Resources) -> Self {
        Self { effect: StatementEffect::Allow, actions, resources }
    }

    /// Denies `actions` on `resources`, whatever other statements allow.
    pub fn deny(actions: Actions, resources: Resources) -> Self {
        Self { effect: StatementEffect::Deny, actions, resources }
    }

    /// Which actions and resources there are, and how they are written, is for the API to judge.
    fn check(&self) -> Result<(), InvalidPolicy> {
        let (Actions::Only(actions) | Actions::AllBut(actions)) = &self.actions;
        let (Resources::Only(resources) | Resources::AllBut(resources)) = &self.resources;
        if actions.is_empty() {
            return Err(InvalidPolicy::new("a statement has no action"));
        }
        if resources.is_empty() {
            return Err(InvalidPolicy::new("a statement has no resource"));
        }
        Ok(())
    }

    fn to_wire(&self) -> types::Statement {
        let statement = types::Statement::builder().effect(self.effect.clone());
        let statement = match &self.actions {
            Actions::Only(actions) => statement.actions(actions.clone()),
            Actions::AllBut(actions) => statement.not_actions(actions.clone()),
        };
        let statement = match &self.resources {
            Resources::Only(resources) => statement.resources(resources.clone()),
            Resources::AllBut(resources) => statement.not_resources(resources.clone()),
        };
        statement.try_into().expect("all that a statement requires is set")
    }
}

impl TryFrom<types::Statement> for Statement {
    type Error = InvalidPolicy;

    fn try_from(wire: types::Statement) -> Result<Self, InvalidPolicy> {
        let actions = match (wire.actions.is_empty(), wire.not_actions.is_empty()) {
            (false, true) => Actions::Only(wire.actions),
            (true, false) => Actions::AllBut(wire.not_actions),
            _ => return Err(InvalidPolicy::new("a statement has either `actions` or `notActions`")),
        };
        let resources = match (wire.resources.is_empty(), wire.not_resources.is_empty()) {
            (false, true) => Resources::Only(wire.resources),
            (true, false) => Resources::AllBut(wire.not_resources),
            _ => return Err(InvalidPolicy::new("a statement has either `resources` or `notResources`")),
        };
        if matches!(wire.effect, StatementEffect::Other(_)) {
            return Err(InvalidPolicy::new("the effect of a statement is `allow` or `deny`"));
        }
        let statement = Self { effect: wire.effect, actions, resources };
        statement.check()?;
        Ok(statement)
    }
}

/// An inline policy: statements that give a token its permissions, instead of a role.
///
/// ```
/// use ldtokens::{Actions, Policy, Resources, Statement};
/// let policy = Policy::new([
///     Statement::allow(Actions::only(["updateOn"]), Resources::only(["proj/*:env/test:flag/*"])),
///     Statement::deny(Actions::all(), Resources::only(["proj/payments"])),
/// ])?;
/// assert_eq!(policy.statements().len(), 2);
/// # Ok::<(), ldtokens::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy(Vec<Statement>);

impl Policy {
    /// The policy of these statements, in this order.
    ///
    /// # Errors
    /// [`InvalidPolicy`] if there is no statement, or one has no action or no resource.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Result<Self, InvalidPolicy> {
        let statements: Vec<_> = statements.into_iter().collect();
        if statements.is_empty() {
            return Err(InvalidPolicy::new("a policy has at least one statement"));
        }
        statements.iter().try_for_each(Statement::check)?;
        Ok(Self(statements))
    }

    /// Reads a policy as the API writes it: a JSON array of statements.
    ///
    /// # Errors
    /// [`InvalidPolicy`] says what is wrong with the text or with a statement.
    pub fn from_json(text: &str) -> Result<Self, InvalidPolicy> {
        let wire: Vec<types::Statement> = serde_json::from_str(text)
            .map_err(|error| InvalidPolicy { reason: format!("a policy is a JSON array of statements: {error}") })?;
        Self::new(wire.into_iter().map(Statement::try_from).collect::<Result<Vec<_>, _>>()?)
    }

    /// Its statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.0
    }

    /// The statements as the API writes them.
    pub fn to_wire(&self) -> Vec<types::Statement> {
        self.0.iter().map(Statement::to_wire).collect()
    }
}

impl TryFrom<Vec<Statement>> for Policy {
    type Error = InvalidPolicy;

    fn try_from(statements: Vec<Statement>) -> Result<Self, InvalidPolicy> {
        Self::new(statements)
    }
}

/// Why statements don't make a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy {
    reason: String,
}

impl InvalidPolicy {
    fn new(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for InvalidPolicy {}

fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

#[cfg(test)]
#[path = "../../tests/unit/policy.rs"]
mod tests;
