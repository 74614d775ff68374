//! A create that leaves no orphan.

use crate::client::Client;
use crate::error::Error;
use crate::issued::IssuedToken;
use crate::new_token::NewToken;
use crate::patch::Patch;
use crate::token_id::TokenId;

/// How often a create whose outcome is unknown is tried anew.
const MAX_ROUNDS: u32 = 5;

impl Client {
    /// Creates a token, also where an answer is lost: at the end there is exactly one such token, and you hold its secret.
    ///
    /// Each attempt is marked, in the new token's description, with ` [ldtokens create NNNN]`, a random number. If an
    /// answer is lost, the token that the attempt may have made is looked for by its mark and deleted, since its secret is
    /// lost, and another is created. When it is done, the mark is taken off again; if that fails, it stays, and does no
    /// harm.
    ///
    /// What can't be seen is an attempt that the API carries out only after all this is over, having held it back. Its
    /// mark tells it from others.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], with the mark to look for, if the orphan can't be looked for or deleted either, or if no
    /// attempt of five is answered; and those of [`create`](Self::create).
    pub async fn create_or_recover(&self, new_token: &NewToken) -> Result<IssuedToken, Error> {
        let marker = format!("[ldtokens create {:016x}]", fastrand::u64(..));
        let description = new_token.description.clone();
        let marked = new_token.clone().description(match &description {
            Some(description) => format!("{description} {marker}"),
            None => marker.clone(),
        });
        let with_marker = |error: Error| match error {
            Error::OutcomeUnknown { operation, source, .. } => {
                Error::OutcomeUnknown { operation, marker: Some(marker.clone()), source }
            }
            error => error,
        };
        let mut round = 1;
        let issued = loop {
            match self.create(&marked).await {
                Ok(issued) => break issued,
                Err(error @ Error::OutcomeUnknown { .. }) => {
                    let swept = self.sweep(&marker, None).await;
                    if swept.is_err() || round == MAX_ROUNDS {
                        return Err(with_marker(error));
                    }
                    round += 1;
                }
                Err(error) => return Err(error),
            }
        };
        if round > 1 {
            // An attempt given up for lost may have been carried out since.
            let _ = self.sweep(&marker, Some(&issued.id)).await;
        }
        Ok(self.unmark(issued, description).await)
    }

    /// Deletes the tokens that bear `marker`, all but `keep`.
    async fn sweep(&self, marker: &str, keep: Option<&TokenId>) -> Result<(), Error> {
        let mut orphans = Vec::new();
        let mut tokens = self.list().stream();
        while let Some(token) = tokens.next().await {
            let token = match token {
                // What changed is another's; an orphan that was missed is found by the sweep after the next attempt.
                Err(Error::ListChanged { .. } | Error::WrongTotal { .. }) => break,
                token => token?,
            };
            let id = TokenId::new(token.id)?;
            if Some(&id) != keep && token.description.is_some_and(|text| text.contains(marker)) {
                orphans.push(id);
            }
        }
        for orphan in orphans {
            match self.delete(&orphan).await {
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn unmark(&self, mut issued: IssuedToken, description: Option<String>) -> IssuedToken {
        let patch = match description {
            Some(description) => Patch::new().description(description),
            None => Patch::new().remove_description(),
        };
        let marked = issued.token.description.clone().unwrap_or_default();
        if let Ok(token) = self.update(&issued.id, &patch.expect("/description", marked)).await {
            issued.token = token;
        }
        issued
    }
}
