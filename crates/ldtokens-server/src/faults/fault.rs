//! One fault, and how its line is read and written.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::operations::operation_ids;

/// A fault to inject: its effect, for which operation, how many times, and with which probability.
///
/// It can be read from a line, such as `ldtokens serve --fault` takes: an operation or `*`, and the effect.
///
/// ```
/// use ldtokens_server::{Effect, Fault};
/// let three: Fault = "postToken status=503 times=3".parse().unwrap();
/// assert_eq!(three, Fault::new(Effect::Status { status: 503, retry_after: None }).operation("postToken").times(3));
/// let now_and_then: Fault = "* drop-after probability=0.1".parse().unwrap();
/// assert_eq!(now_and_then, Fault::new(Effect::DropAfter).probability(0.1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub(crate) operation: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) times: Option<u32>,
    pub(crate) after: u32,
    pub(crate) probability: f64,
}

/// What a fault does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing is done, and the response has this status.
    Status {
        /// From 400 to 599.
        status: u16,
        /// The `Retry-After` of the response, in seconds.
        retry_after: Option<u64>,
    },
    /// The request is carried out, and then the response has this status, as from a gateway that lost the real one. So even a
    /// 503 with `Retry-After` does not say that nothing was done.
    StatusAfter {
        /// From 400 to 599.
        status: u16,
        /// The `Retry-After` of the response, in seconds.
        retry_after: Option<u64>,
    },
    /// Nothing is done, and the response has this status, from 400 to 599, and no body, as from a gateway.
    BareStatus(u16),
    /// Nothing is done, and the connection is dropped.
    DropBefore,
    /// The request is carried out, and the connection is dropped instead of a response.
    DropAfter,
    /// The request is carried out after this delay, which the line has in milliseconds. The maximum is ten minutes.
    Delay(Duration),
    /// The request is carried out, and the response is cut off in the middle of its body.
    CutBody,
}

const MAX_DELAY: Duration = Duration::from_secs(600);

impl Fault {
    /// The form of a line, in a sentence.
    pub const FORM: &str = "a fault reads `OPERATION EFFECT [times=N] [after=N] [probability=P]`, where OPERATION may be *, and EFFECT is \
                            status=CODE [retry-after=SECONDS], status-after=CODE [retry-after=SECONDS], bare-status=CODE, drop-before, drop-after, \
                            delay=MILLISECONDS or cut-body";

    /// A fault for every request.
    pub fn new(effect: Effect) -> Self {
        Self { operation: None, effect, times: None, after: 0, probability: 1.0 }
    }

    /// Only requests to this operation, such as `postToken`, get the fault.
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only this many requests get the fault.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The first `requests` requests don't get the fault.
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Each request gets the fault with this probability, from 0 to 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Refuses a fault with a value out of range, or for an operation that does not exist.
    pub(crate) fn check(&self) -> Result<(), InvalidFault> {
        let invalid = |reason: String| Err(InvalidFault(reason));
        let known: Vec<_> = operation_ids().collect();
        if let Some(unknown) = self.operation.as_ref().filter(|operation| !known.contains(&operation.as_str())) {
            return invalid(format!("there is no operation `{unknown}`; choose one of {}", known.join(", ")));
        }
        match self.effect {
            Effect::Status { status, .. } | Effect::StatusAfter { status, .. } | Effect::BareStatus(status)
                if !(400..600).contains(&status) =>
            {
                invalid(format!("status must be from 400 to 599, not {status}"))
            }
            Effect::Delay(delay) if delay > MAX_DELAY => {
                invalid("delay must be 600000 (ten minutes) at most".to_owned())
            }
            _ if self.times == Some(0) => invalid("times must be 1 or more".to_owned()),
            _ if !(0.0..=1.0).contains(&self.probability) => invalid("probability must be from 0 to 1".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Why a fault is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(String);

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(line: &str) -> Result<Self, InvalidFault> {
        read(line).ok_or_else(|| InvalidFault(Self::FORM.to_owned()))
    }
}

/// Reads a line, if it has the form.
fn read(line: &str) -> Option<Fault> {
    let mut words = line.split_whitespace();
    let operation = words.next().filter(|word| !word.contains('='))?;
    let mut values = BTreeMap::new();
    for word in words {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        if values.insert(name, value).is_some() {
            return None;
        }
    }
    let mut fault = Fault::new(Effect::DropBefore);
    fault.operation = (operation != "*").then(|| operation.to_owned());
    let mut retry_after = None;
    let mut effects = Vec::new();
    for (name, value) in values {
        match (name, value) {
            ("times", Some(value)) => fault.times = Some(value.parse().ok()?),
            ("after", Some(value)) => fault.after = value.parse().ok()?,
            ("probability", Some(value)) => fault.probability = value.parse().ok()?,
            ("retry-after", Some(value)) => retry_after = Some(value.parse().ok()?),
            ("status", Some(value)) => effects.push(Effect::Status { status: value.parse().ok()?, retry_after }),
            ("status-after", Some(value)) => {
                effects.push(Effect::StatusAfter { status: value.parse().ok()?, retry_after })
            }
            ("bare-status", Some(value)) => effects.push(Effect::BareStatus(value.parse().ok()?)),
            ("delay", Some(value)) => effects.push(Effect::Delay(Duration::from_millis(value.parse().ok()?))),
            ("drop-before", None) => effects.push(Effect::DropBefore),
            ("drop-after", None) => effects.push(Effect::DropAfter),
            ("cut-body", None) => effects.push(Effect::CutBody),
            _ => return None,
        }
    }
    let [effect] = effects[..] else { return None };
    let takes_retry_after = matches!(effect, Effect::Status { .. } | Effect::StatusAfter { .. });
    fault.effect = effect;
    (retry_after.is_none() || takes_retry_after).then_some(fault)
}

/// Writes the line that the fault can be read from.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (effect, retry_after) = match self.effect {
            Effect::Status { status, retry_after } => (format!("status={status}"), retry_after),
            Effect::StatusAfter { status, retry_after } => (format!("status-after={status}"), retry_after),
            Effect::BareStatus(status) => (format!("bare-status={status}"), None),
            Effect::DropBefore => ("drop-before".to_owned(), None),
            Effect::DropAfter => ("drop-after".to_owned(), None),
            Effect::Delay(delay) => (format!("delay={}", delay.as_millis()), None),
            Effect::CutBody => ("cut-body".to_owned(), None),
        };
        write!(f, "{} {effect}", self.operation.as_deref().unwrap_or("*"))?;
        if let Some(seconds) = retry_after {
            write!(f, " retry-after={seconds}")?;
        }
        if let Some(times) = self.times {
            write!(f, " times={times}")?;
        }
        if self.after > 0 {
            write!(f, " after={}", self.after)?;
        }
        if self.probability < 1.0 {
            write!(f, " probability={}", self.probability)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn a_fault_writes_the_line_that_it_was_read_from() {
        for line in [
            "postToken status=503 times=3",
            "* status=429 retry-after=2 probability=0.25",
            "postToken status-after=503 retry-after=1 times=1",
            "getCallerIdentity status=500",
            "* bare-status=401 times=1",
            "getTokens drop-before",
            "deleteToken drop-after times=1",
            "deleteToken drop-after times=1 after=2",
            "* delay=250",
            "getToken cut-body",
        ] {
            let fault: Fault = line.parse().unwrap();
            fault.check().unwrap();
            assert_eq!(fault.to_string(), line);
        }
    }

    #[test]
    fn an_invalid_line_is_refused() {
        for (line, reason) in [
            ("", "reads"),
            ("postToken", "reads"),
            ("status=503", "reads"),
            ("postToken status=503 status=500", "reads"),
            ("postToken status=x", "reads"),
            ("postToken status=503 status-after=503", "reads"),
            ("postToken drop-after probability=0.5 probability=0.5", "reads"),
            ("postToken status-after=200", "from 400 to 599"),
            ("postToken drop-after retry-after=1", "reads"),
            ("postToken drop-after times=-1", "reads"),
            ("postToken explode", "reads"),
            ("* bare-status=200", "from 400 to 599"),
            ("* bare-status=401 retry-after=1", "reads"),
            ("postToken status=200", "from 400 to 599"),
            ("posttoken status=503", "there is no operation `posttoken`; choose one of getTokens"),
            ("* delay=600001", "ten minutes"),
            ("* drop-after probability=2", "from 0 to 1"),
            ("* drop-after probability=NaN", "from 0 to 1"),
            ("* drop-after times=0", "1 or more"),
            ("* drop-after after=-1", "reads"),
        ] {
            let error = line.parse::<Fault>().and_then(|fault| fault.check()).unwrap_err().to_string();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
