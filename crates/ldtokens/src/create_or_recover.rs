//! A create that is retried when the response is lost. [`guide::retries`](crate::guide::retries) says why it works this way.

use std::time::SystemTime;

use crate::{Client, Error, IssuedToken, NewToken, Operation, Patch, Token};

/// The maximum number of attempts to create one token.
const MAX_ROUNDS: u32 = 5;

impl Client {
    /// Creates a token, tries again if the response is lost, and cleans up once `store` has stored the secret.
    ///
    /// If no response is lost, this is the same single request as [`create`](Self::create). If one is lost, more attempts
    /// are made, up to five in all. Their tokens have a mark in their description, ` [ldtokens create NNNN]`, with a random
    /// number of 16 hexadecimal digits. The first secret that arrives is given to `store`. Then, whether it could be stored or
    /// not, the marked tokens of lost attempts are deleted and the mark is removed. What is left to do is in the
    /// [`warnings`](IssuedToken::warnings) of the returned value: above all the token that the first attempt may have created.
    /// It is never deleted, since someone else may have created one like it at the same moment.
    ///
    /// All attempts together end by the deadline of the [`RetryPolicy`](crate::RetryPolicy); the clean-up has one of its own.
    /// Dropping the future can leave a token whose secret nobody has, as with [`create`](Self::create).
    ///
    /// ```
    /// # async fn example(client: ldtokens::Client, new_token: ldtokens::NewToken) -> Result<(), Box<dyn std::error::Error>> {
    /// let issued = client
    ///     .create_or_recover(&new_token, async |issued| -> Result<(), Box<dyn std::error::Error>> {
    ///         Ok(std::fs::write("export.secret", issued.secret.expose())?)
    ///     })
    ///     .await?;
    /// issued.warnings.iter().for_each(|warning| eprintln!("{warning}"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of `store`: the token exists then. [`Error::OutcomeUnknown`] if no attempt returned a secret, or if a later one
    /// failed in another way; its advice says what is left to do. And those of [`create`](Self::create).
    pub async fn create_or_recover<E: From<Error>>(
        &self,
        new_token: &NewToken,
        store: impl AsyncFnOnce(&IssuedToken) -> Result<(), E>,
    ) -> Result<IssuedToken, E> {
        let client = self.with_one_deadline();
        let began = client.sender.wall_clock();
        let mut created = client.create(new_token).await;
        if !matches!(created, Err(Error::OutcomeUnknown { .. })) {
            let issued = created?;
            return store(&issued).await.map(|()| issued);
        }
        let lost = Lost { marker: format!("[ldtokens create {:016x}]", fastrand::u64(..)), wanted: new_token, began };
        let marked = new_token.clone().description(lost.marked_description());
        for round in 1..MAX_ROUNDS {
            // What is not a lost response would be the same the next time.
            let is_lost = matches!(&created, Err(Error::OutcomeUnknown { source, .. }) if source.is_retryable());
            if !is_lost || !client.sender.back_off(round, client.options).await {
                break;
            }
            created = match client.create(&marked).await {
                // The earlier error says more.
                Err(Error::DeadlineExceeded { .. }) => break,
                // An earlier attempt may still have created a token.
                result => result.map_err(|error| Error::outcome_unknown(Operation::PostToken, error)),
            };
        }
        match created {
            Ok(mut issued) => {
                let stored = store(&issued).await;
                let left = lost.clean_up(&self.with_one_deadline(), Some(&mut issued.details)).await;
                left.into_iter().for_each(|warning| issued.warn(warning));
                stored.map(|()| issued)
            }
            Err(mut error) => {
                let mut left = lost.clean_up(&client, None).await;
                left.push("then create again".to_owned());
                if let Error::OutcomeUnknown { advice, .. } = &mut error {
                    *advice = left.join("; ").into();
                }
                Err(error.into())
            }
        }
    }
}

/// Attempts whose response was lost. All but the first had the mark.
struct Lost<'a> {
    marker: String,
    wanted: &'a NewToken,
    /// The time before the first attempt, by our clock.
    began: SystemTime,
}

impl Lost<'_> {
    fn marked_description(&self) -> String {
        let parts = self.wanted.body.description.iter().chain([&self.marker]);
        parts.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Deletes the marked tokens, but not the one that was `created` in the end, whose mark it removes. Returns what is left to
    /// do, in words.
    async fn clean_up(&self, client: &Client, created: Option<&mut Token>) -> Vec<String> {
        let (tokens, error) = match client.list().collect_all().await {
            Ok(tokens) => (tokens, None),
            Err(incomplete) => (incomplete.tokens, Some(incomplete.error)),
        };
        let mut errors: Vec<String> = error.iter().map(ToString::to_string).collect();
        let (mut duplicates, mut left) = (Vec::new(), Vec::new());
        for token in &tokens {
            let is_marked = token.description.as_ref().is_some_and(|text| text.contains(&self.marker));
            if created.as_ref().is_some_and(|created| created.id == token.id) {
                continue;
            } else if !is_marked && self.may_be_duplicate(client, token, created.as_deref()) {
                duplicates.push(token.id.as_str());
            } else if is_marked
                && let Err(error) = client.delete(&token.id).await
                && !matches!(error, Error::NotFound(_))
            {
                errors.push(error.to_string());
            }
        }
        if !duplicates.is_empty() {
            left.push(format!(
                "a lost attempt may have created {}: unless someone else did just now, delete it, since nobody has its secret",
                duplicates.join(", ")
            ));
        }
        if let Some(created) = created {
            match self.remove_mark(client, created).await {
                Ok(token) => *created = token,
                Err(error) => left.push(format!(
                    "the description of {} still ends with `{}`: change the description to remove it ({error})",
                    created.id, self.marker
                )),
            }
        }
        if !errors.is_empty() {
            left.push(format!(
                "not all tokens of lost attempts could be found or deleted ({}): list the tokens, and delete others whose \
                 description contains `{}`, and those like them that nobody else created just now",
                errors.join("; "),
                self.marker
            ));
        }
        left
    }

    async fn remove_mark(&self, client: &Client, created: &Token) -> Result<Token, Error> {
        let patch = match &self.wanted.body.description {
            Some(description) => Patch::new().description(description),
            None => Patch::new().remove_description(),
        };
        let marked = created.description.clone().unwrap_or_else(|| self.marked_description());
        client.update(&created.id, &patch.expect("/description", marked)).await
    }

    /// Whether the first attempt may have created `token`. The list has shown the server's time.
    fn may_be_duplicate(&self, client: &Client, token: &Token, created: Option<&Token>) -> bool {
        let ours = created.map_or("", |created| &created.member_id);
        let is_ours = ours.is_empty() || ours == token.member_id;
        let since = client.sender.server_time(self.began);
        // If a token was used, somebody has its secret.
        is_ours && token.creation_date >= since && token.last_used.is_none() && self.wanted.is_like(token)
    }
}
