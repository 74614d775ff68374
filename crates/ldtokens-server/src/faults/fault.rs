//! One fault, and how its line is read and written.

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFault(String);

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFault {}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(line: &str) -> Result<Self, InvalidFault> {
        let form = || InvalidFault(Self::FORM.to_owned());
        let mut words = line.split_whitespace();
        let operation = words.next().filter(|word| !word.contains('=')).ok_or_else(form)?;
        let (mut effect, mut retry, mut times, mut after, mut probability) = (None, None, None, None, None);
        for word in words {
            let number = |value: &str| value.parse::<u64>().map_err(|_| form());
            let is_new = match word.split_once('=') {
                Some(("times", value)) => times.replace(value.parse().map_err(|_| form())?).is_none(),
                Some(("after", value)) => after.replace(value.parse().map_err(|_| form())?).is_none(),
                Some(("retry-after", value)) => retry.replace(number(value)?).is_none(),
                Some(("probability", value)) => probability.replace(value.parse().map_err(|_| form())?).is_none(),
                Some(("status", value)) => {
                    let status = value.parse().map_err(|_| form())?;
                    effect.replace(Effect::Status { status, retry_after: None }).is_none()
                }
                Some(("status-after", value)) => {
                    let status = value.parse().map_err(|_| form())?;
                    effect.replace(Effect::StatusAfter { status, retry_after: None }).is_none()
                }
                Some(("bare-status", value)) => {
                    effect.replace(Effect::BareStatus(value.parse().map_err(|_| form())?)).is_none()
                }
                Some(("delay", value)) => {
                    effect.replace(Effect::Delay(Duration::from_millis(number(value)?))).is_none()
                }
                None if word == "drop-before" => effect.replace(Effect::DropBefore).is_none(),
                None if word == "drop-after" => effect.replace(Effect::DropAfter).is_none(),
                None if word == "cut-body" => effect.replace(Effect::CutBody).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(form());
            }
        }
        match (&mut effect, retry) {
            (Some(Effect::Status { retry_after, .. } | Effect::StatusAfter { retry_after, .. }), retry) => {
                *retry_after = retry
            }
            (_, Some(_)) => return Err(form()),
            _ => {}
        }
        let operation = (operation != "*").then(|| operation.to_owned());
        let (effect, after) = (effect.ok_or_else(form)?, after.unwrap_or(0));
        Ok(Self { operation, effect, times, after, probability: probability.unwrap_or(1.0) })
    }
}

/// Writes the line that the fault can be read from.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.operation.as_deref().unwrap_or("*"))?;
        match self.effect {
            Effect::Status { status, .. } => write!(f, "status={status}")?,
            Effect::StatusAfter { status, .. } => write!(f, "status-after={status}")?,
            Effect::BareStatus(status) => write!(f, "bare-status={status}")?,
            Effect::DropBefore => f.write_str("drop-before")?,
            Effect::DropAfter => f.write_str("drop-after")?,
            Effect::Delay(delay) => write!(f, "delay={}", delay.as_millis())?,
            Effect::CutBody => f.write_str("cut-body")?,
        }
        if let Effect::Status { retry_after: Some(seconds), .. }
        | Effect::StatusAfter { retry_after: Some(seconds), .. } = self.effect
        {
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
