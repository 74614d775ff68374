//! Contenders take turns, so that other load on the machine affects all of them equally. The result of each is a median.

use anyhow::{Context, Result};
use serde::Serialize;

/// What is measured: `run` runs it once, and returns the time or size that was measured.
pub(crate) struct Contender<'a> {
    pub(crate) name: String,
    run: Box<dyn FnMut() -> Result<f64> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut() -> Result<f64> + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Runs once without measuring, so that connections are open and code is loaded.
    pub(crate) fn warm_up(&mut self) -> Result<()> {
        self.run().map(drop)
    }

    pub(crate) fn run(&mut self) -> Result<f64> {
        (self.run)().with_context(|| self.name.clone())
    }
}

/// Runs `rounds` rounds, and returns the samples of each contender. Every second round is in reverse order, so that no
/// contender always follows the same one.
fn take_turns(contenders: &mut [Contender<'_>], rounds: usize) -> Result<Vec<Vec<f64>>> {
    let mut samples = vec![Vec::new(); contenders.len()];
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            samples[index].push(contenders[index].run()?);
        }
    }
    Ok(samples)
}

/// A median, and the quartiles around it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) first_quarter: f64,
    pub(crate) median: f64,
    pub(crate) third_quarter: f64,
}

impl Summary {
    pub(crate) fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            let place = (samples.len() - 1) as f64 * quarter as f64 / 4.0;
            let (below, above) = (samples[place.floor() as usize], samples[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Self { first_quarter: at(1), median: at(2), third_quarter: at(3) }
    }
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Seconds,
    Bytes,
    Crates,
    Requests,
}

/// One row of the table: ours compared with another.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) ours: Summary,
    pub(crate) other: String,
    pub(crate) others: Summary,
    /// Ours divided by the other's, round by round.
    pub(crate) ratio: Summary,
    /// The maximum that the ratio should be.
    pub(crate) mark: Option<f64>,
    pub(crate) rounds: usize,
}

/// One comparison: the first contender is ours, and each of the others gives a row.
pub(crate) fn compare(
    what: &str,
    unit: Unit,
    rounds: usize,
    mut contenders: Vec<Contender<'_>>,
    mark: impl Fn(&str) -> Option<f64>,
) -> Result<Vec<Row>> {
    let samples = take_turns(&mut contenders, rounds).with_context(|| what.to_owned())?;
    let (ours, others) = samples.split_first().context("nothing was measured")?;
    let rows = contenders[1..].iter().zip(others);
    let rows = rows.map(|(other, theirs)| row(what, unit, ours, (&other.name, theirs), mark(&other.name)));
    Ok(rows.collect())
}

/// A row that compares with a fixed number.
pub(crate) fn beside(what: &str, unit: Unit, ours: &[f64], (other, number): (&str, f64), mark: f64) -> Row {
    row(what, unit, ours, (other, &[number]), Some(mark))
}

/// A single number of another is the same in each round.
fn row(what: &str, unit: Unit, ours: &[f64], (other, others): (&str, &[f64]), mark: Option<f64>) -> Row {
    Row {
        what: what.to_owned(),
        unit,
        ours: Summary::of(ours.to_vec()),
        other: other.to_owned(),
        others: Summary::of(others.to_vec()),
        ratio: Summary::of(ours.iter().zip(others.iter().cycle()).map(|(ours, theirs)| ours / theirs).collect()),
        mark,
        rounds: ours.len(),
    }
}
