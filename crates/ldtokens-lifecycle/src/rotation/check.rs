use crate::error::Error;
use crate::rotation::journal::{Journals, Step};
use crate::rotation::options::Strategy;
use crate::rotation::run::{Rotation, Run};

impl Rotation<'_> {
    /// Makes the checks that [`run`](Self::run) makes before it changes anything: of the options, the destinations, and what they
    /// hold. Changes nothing. Files are locked meanwhile.
    ///
    /// # Errors
    /// Why [`run`](Self::run) would be refused.
    pub async fn check(self, journals: &Journals) -> Result<(), Error> {
        let (unlocked, journal) = journals.peek(&self.id)?;
        let mut run = Run::begin(self, unlocked, journal).await?;
        let (journal, is_over) = (&run.journal, run.journal.overlap_end(run.now()).is_none());
        match journal.step {
            Step::Retired => Ok(()),
            Step::Verified if is_over || journal.strategy == Strategy::Reset => Ok(()),
            Step::Verified if !run.options.forced => run.confirm_earlier_run().await.map(drop),
            _ => {
                run.delivery.prepare().await?;
                run.check_destinations().await
            }
        }
    }
}
