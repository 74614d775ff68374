use ldtokens_client::types::{BaseRole, JsonPatch, PatchDelta, PatchOperation, PatchOperationOp, PatchWithComment};
use serde_json::Value;

use crate::error::Error;
use crate::policy::Policy;

/// Changes to a token, all of which are applied or none: a JSON Patch (RFC 6902).
///
/// ```
/// use ldtokens::Patch;
/// let patch = Patch::new().expect("/name", "Nightly export").name("Export").comment("Renamed with the project");
/// # let _ = patch;
/// ```
///
/// A patch says what to write without having read. Where two may write at once, [`Client::edit`](crate::Client::edit) reads
/// first and never overwrites what it has not seen.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "nothing is changed until it is given to `Client::update`"]
pub struct Patch {
    tests: Vec<PatchOperation>,
    changes: Vec<PatchOperation>,
    comment: Option<String>,
}

impl Patch {
    /// A patch with nothing in it yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The patch of these operations, in this order.
    pub fn from_operations(operations: impl IntoIterator<Item = PatchOperation>) -> Self {
        Self { changes: operations.into_iter().collect(), ..Self::default() }
    }

    /// Reads a patch as the API takes it: a JSON array of operations, or `{"comment": ..., "patch": [...]}`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] says which operation RFC 6902 does not allow, and why.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let invalid = |error: serde_json::Error| Error::InvalidInput(format!("the patch can't be read: {error}"));
        let json: Value = serde_json::from_str(text).map_err(invalid)?;
        let (comment, list) = match json {
            Value::Object(mut form) => {
                let comment = form.remove("comment").filter(|comment| !comment.is_null());
                let list = form.remove("patch").unwrap_or_default();
                if let Some(stray) = form.keys().next() {
                    return Err(Error::InvalidInput(format!("a patch has `comment` and `patch`, not `{stray}`")));
                }
                (comment.map(serde_json::from_value).transpose().map_err(invalid)?, list)
            }
            list => (None, list),
        };
        let Value::Array(list) = list else {
            return Err(Error::InvalidInput("a patch is a JSON array of operations".to_owned()));
        };
        let changes = list.into_iter().enumerate().map(|(index, json)| {
            operation(json).map_err(|reason| Error::InvalidInput(format!("operation {index} of the patch: {reason}")))
        });
        Ok(Self { tests: Vec::new(), changes: changes.collect::<Result<_, _>>()?, comment })
    }

    /// Sets the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.change(PatchOperationOp::Add, "/name", Some(name.into().into()))
    }

    /// Sets the description.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.change(PatchOperationOp::Add, "/description", Some(description.into().into()))
    }

    /// Removes the description of a token that has one.
    pub fn remove_description(self) -> Self {
        self.change(PatchOperationOp::Remove, "/description", None)
    }

    /// Replaces the base role of a token that has one.
    ///
    /// A token whose permissions come from elsewhere has none to replace, and the patch fails: then let
    /// [`Permissions::give_to`](crate::Permissions::give_to) do it in an [`edit`](crate::Client::edit).
    pub fn role(self, role: BaseRole) -> Self {
        self.change(PatchOperationOp::Replace, "/role", Some(role.to_string().into()))
    }

    /// Replaces the custom roles, by ID or key, of a token that has such.
    pub fn custom_roles<S: Into<String>>(self, keys: impl IntoIterator<Item = S>) -> Self {
        let keys = keys.into_iter().map(Into::into).collect::<Vec<String>>();
        self.change(PatchOperationOp::Replace, "/customRoleIds", Some(keys.into()))
    }

    /// Replaces the policy of a token that has one of its own.
    pub fn inline_policy(self, policy: &Policy) -> Self {
        let statements = serde_json::to_value(policy.to_wire()).expect("statements are JSON");
        self.change(PatchOperationOp::Replace, "/inlineRole", Some(statements))
    }

    /// Applies the patch only if the token holds `value` at `pointer`, a JSON Pointer (RFC 6901) such as `/name`: a `test`,
    /// before all changes.
    pub fn expect(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.tests.push(new_operation(PatchOperationOp::Test, pointer.into(), Some(value.into())));
        self
    }

    /// Why the change is made, for the audit log.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Its operations, in the order in which they are applied.
    pub fn operations(&self) -> impl Iterator<Item = &PatchOperation> {
        self.tests.iter().chain(&self.changes)
    }

    pub(crate) fn change(mut self, op: PatchOperationOp, pointer: impl Into<String>, value: Option<Value>) -> Self {
        self.changes.push(new_operation(op, pointer.into(), value));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The patch as the API takes it.
    pub(crate) fn to_delta(&self) -> Result<PatchDelta, Error> {
        if self.is_empty() {
            return Err(Error::InvalidInput("the patch changes nothing".to_owned()));
        }
        let patch = JsonPatch(self.operations().cloned().collect());
        Ok(match &self.comment {
            None => patch.into(),
            Some(comment) => {
                PatchWithComment::try_from(PatchWithComment::builder().patch(patch).comment(comment.clone()))
                    .map_err(|error| Error::InvalidInput(error.to_string()))?
                    .into()
            }
        })
    }
}

fn new_operation(op: PatchOperationOp, path: String, value: Option<Value>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).try_into().expect("all that an operation requires is set")
}

/// Reads one operation, strictly: the generated type also takes an `op` that RFC 6902 does not know.
fn operation(json: Value) -> Result<PatchOperation, String> {
    let operation: PatchOperation = serde_json::from_value(json).map_err(|error| error.to_string())?;
    let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
    let (needs_value, needs_from) = match operation.op {
        PatchOperationOp::Add | PatchOperationOp::Replace | PatchOperationOp::Test => (true, false),
        PatchOperationOp::Move | PatchOperationOp::Copy => (false, true),
        PatchOperationOp::Remove => (false, false),
        _ => return Err(format!("there is no operation `{}`", operation.op)),
    };
    if needs_value && operation.value.is_none() {
        return Err(format!("`{}` needs a `value`", operation.op));
    }
    if needs_from && operation.from.is_none() {
        return Err(format!("`{}` needs a `from`", operation.op));
    }
    if !is_pointer(&operation.path) || !operation.from.as_deref().is_none_or(is_pointer) {
        return Err("a path is a JSON Pointer, which begins with `/`".to_owned());
    }
    Ok(operation)
}

#[cfg(test)]
mod tests {
    use super::Patch;

    fn wire(patch: &Patch) -> String {
        serde_json::to_string(&patch.to_delta().unwrap()).unwrap()
    }

    #[test]
    fn tests_go_before_changes() {
        let patch = Patch::new().name("b").expect("/name", "a");
        let expected = r#"[{"op":"test","path":"/name","value":"a"},{"op":"add","path":"/name","value":"b"}]"#;
        assert_eq!(wire(&patch), expected);
        assert_eq!(wire(&patch.comment("why")), format!(r#"{{"comment":"why","patch":{expected}}}"#));
    }

    #[test]
    fn raw_operations_pass_as_they_are_null_included() {
        let text = r#"[{"op":"test","path":"/description","value":null},{"from":"/a","op":"move","path":"/b"}]"#;
        assert_eq!(wire(&Patch::from_json(text).unwrap()), text);
        let commented = format!(r#"{{"comment":"why","patch":{text}}}"#);
        assert_eq!(wire(&Patch::from_json(&commented).unwrap()), commented);
    }

    #[test]
    fn what_rfc_6902_does_not_allow_is_refused() {
        for text in [
            "",
            "{}",
            "[1]",
            r#"{"patch": 1}"#,
            r#"{"patch": [], "commment": "typo"}"#,
            r#"[{"op": "add", "path": "/name"}]"#,
            r#"[{"op": "move", "path": "/name"}]"#,
            r#"[{"op": "rename", "path": "/name", "value": 1}]"#,
            r#"[{"op": "replace", "path": "name", "value": 1}]"#,
        ] {
            assert!(Patch::from_json(text).is_err(), "{text}");
        }
        assert!(Patch::from_json("[]").unwrap().to_delta().is_err());
        assert!(Patch::new().expect("/name", "a").to_delta().is_err());
    }
}
