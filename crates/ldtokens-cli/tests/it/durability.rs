//! After a power failure, acknowledged writes are kept. A write that was not acknowledged is there completely or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ldtokens::{BaseRole, Client, Error, NewToken, Overlap, Patch, RetryPolicy, Secret, Token, TokenId, UnixMillis};
use tokio::task::JoinSet;

use crate::serve::send;
use crate::support::{OWNER, Served};

const WRITERS: usize = 8;

/// How many tokens a writer keeps before it deletes the oldest.
const KEPT: usize = 20;

/// One of several parallel writers, each with its own tokens, and the state that it expects.
#[derive(Default)]
struct Writer {
    name: String,
    number: usize,
    /// In the order of creation.
    ids: Vec<TokenId>,
    live: BTreeMap<String, Expected>,
    /// Secrets that were reset, or whose token was deleted.
    dead: Vec<Secret>,
    /// The write that was running when the power failed.
    unsure: Option<Write>,
}

#[derive(Clone, Debug)]
struct Expected {
    /// Its name and its description, which are always changed together.
    text: String,
    secret: Secret,
    /// Different for each state of a token.
    modified: UnixMillis,
}

#[derive(Clone, Debug)]
enum Write {
    Create(String),
    Patch(TokenId, String),
    Reset(TokenId),
    Delete(TokenId),
}

#[tokio::test]
async fn after_kill_9_every_acknowledged_write_is_there_and_no_partial_one() {
    // More make it a long run.
    let kills = std::env::var("LDTOKENS_KILLS").map_or(16, |count| count.parse().unwrap());
    let done = Arc::new(AtomicUsize::new(0));
    let (mut unsure, mut kept) = (0, 0);
    let mut writers: Vec<Writer> =
        (0..WRITERS).map(|number| Writer { name: format!("writer {number}"), number, ..Writer::default() }).collect();
    let mut served = Served::start();
    let mut client = client(&served);
    for round in 0..kills {
        let mut writing = JoinSet::new();
        for writer in writers.drain(..) {
            writing.spawn(writer.write(client.clone(), done.clone()));
        }
        // After some responses of this round, and while other writes are running.
        let enough = done.load(Ordering::Relaxed) + 60 + round;
        while done.load(Ordering::Relaxed) < enough {
            tokio::task::yield_now().await;
        }
        let folder = served.kill();
        writers = writing.join_all().await;
        served = Served::again(folder);
        client = self::client(&served);
        unsure += writers.iter().filter(|writer| writer.unsure.is_some()).count();
        kept += check(&served, &client, &mut writers).await;
    }
    for writer in &writers {
        let live = writer.live.values().map(|known| (&known.secret, true));
        for (secret, expected) in live.chain(writer.dead.iter().map(|secret| (secret, false))) {
            assert_eq!(works(&served, secret), expected, "{}: a secret of {kills} kills", writer.name);
        }
    }
    let done = done.load(Ordering::Relaxed);
    println!("{done} writes acknowledged; {unsure} were under way at a kill, of which {kept} are there");
    assert!(done >= kills * 60 && kept > 0 && kept < unsure, "{done} {kept} {unsure}");
}

impl Writer {
    /// Writes until the server is gone.
    async fn write(mut self, client: Client, done: Arc<AtomicUsize>) -> Self {
        loop {
            let write = self.next();
            match self.perform(&client, &write).await {
                Ok(()) => done.fetch_add(1, Ordering::Relaxed),
                Err(Error::OutcomeUnknown { .. } | Error::Transport { .. }) => {
                    self.unsure = Some(write);
                    return self;
                }
                Err(error) => panic!("{write:?}: {error}"),
            };
        }
    }

    /// Each kind of write in turn, if it is possible.
    fn next(&mut self) -> Write {
        self.number += 1;
        let text = format!("{}.{}", self.name, self.number);
        match (self.number % 4, self.ids.last()) {
            (1, Some(newest)) => Write::Patch(newest.clone(), text),
            (2, Some(newest)) => Write::Reset(newest.clone()),
            (3, Some(_)) if self.ids.len() > KEPT => Write::Delete(self.ids[0].clone()),
            _ => Write::Create(text),
        }
    }

    async fn perform(&mut self, client: &Client, write: &Write) -> Result<(), Error> {
        match write {
            Write::Create(text) => {
                let made = client.create(&NewToken::new(BaseRole::Reader).name(text).description(text)).await?;
                self.ids.push(made.id.clone());
                let known = Expected { text: text.clone(), secret: made.secret, modified: made.details.last_modified };
                self.live.insert(made.id.to_string(), known);
            }
            Write::Patch(id, text) => {
                let token = client.update(id, &Patch::new().name(text).description(text)).await?;
                let known = self.known(id);
                (known.text, known.modified) = (text.clone(), token.last_modified);
            }
            Write::Reset(id) => {
                let reset = client.reset(id, Overlap::None).await?;
                let known = self.known(id);
                known.modified = reset.details.last_modified;
                let old = std::mem::replace(&mut known.secret, reset.secret);
                self.dead.push(old);
            }
            Write::Delete(id) => {
                client.delete(id).await?;
                self.forget(id);
            }
        }
        Ok(())
    }

    fn known(&mut self, id: &TokenId) -> &mut Expected {
        self.live.get_mut(id.as_ref()).unwrap()
    }

    fn forget(&mut self, id: &TokenId) {
        self.ids.retain(|known| known != id);
        self.dead.push(self.live.remove(id.as_ref()).unwrap().secret);
    }

    /// Checks that the running write was made completely or not at all, and returns which.
    async fn settle(
        &mut self,
        write: Write,
        served: &Served,
        client: &Client,
        there: &BTreeMap<String, Token>,
    ) -> bool {
        match &write {
            Write::Create(text) => {
                let Some(token) = there.values().find(|token| token.name.as_ref() == Some(text)) else { return false };
                // Its secret is lost, so it gets a new one.
                let id = TokenId::new(token.id.as_str()).unwrap();
                assert_eq!(token.description.as_ref(), Some(text), "a token by half");
                self.ids.push(id.clone());
                let known =
                    Expected { text: text.clone(), secret: Secret::new("nobody's"), modified: token.last_modified };
                self.live.insert(token.id.to_string(), known);
                self.perform(client, &Write::Reset(id)).await.unwrap();
            }
            Write::Patch(id, text) => {
                let token = &there[id.as_ref()];
                let known = self.known(id);
                if token.name.as_ref() != Some(text) {
                    return false;
                }
                assert!(token.last_modified > known.modified, "a patch by half");
                (known.text, known.modified) = (text.clone(), token.last_modified);
            }
            Write::Reset(id) => {
                let (token, known) = (&there[id.as_ref()], self.known(id));
                let is_done = token.last_modified > known.modified;
                assert_eq!(works(served, &known.secret), !is_done, "a reset by half");
                if !is_done {
                    return false;
                }
                self.perform(client, &write).await.unwrap();
            }
            Write::Delete(id) if there.contains_key(id.as_ref()) => return false,
            Write::Delete(id) => self.forget(id),
        }
        true
    }
}

/// Checks that the store has exactly what the writers expect. Returns how many of the running writes were made.
async fn check(served: &Served, client: &Client, writers: &mut [Writer]) -> usize {
    let mut kept = 0;
    let there = all(client).await;
    for writer in writers.iter_mut() {
        if let Some(write) = writer.unsure.take() {
            kept += usize::from(writer.settle(write, served, client, &there).await);
        }
    }
    let there = all(client).await;
    let known = writers.iter().flat_map(|writer| &writer.live);
    for (id, known) in known.clone() {
        let token = there.get(id).unwrap_or_else(|| panic!("acknowledged, and lost: {known:?}"));
        let text = Some(&known.text);
        assert_eq!((token.name.as_ref(), token.description.as_ref()), (text, text), "{known:?}");
        assert_eq!(
            (token.last_modified, token.token.as_ref().unwrap().expose()),
            (known.modified, known.secret.last_four())
        );
    }
    assert_eq!(there.len(), known.count() + 1, "what was deleted, or never asked for, is there");
    // The last write of each writer.
    for writer in writers {
        let newest = writer.ids.last().map(|id| (&writer.live[id.as_ref()].secret, true));
        for (secret, expected) in newest.into_iter().chain(writer.dead.last().map(|secret| (secret, false))) {
            assert_eq!(works(served, secret), expected, "{}", writer.name);
        }
    }
    kept
}

/// All tokens by ID; one is the owner's.
async fn all(client: &Client) -> BTreeMap<String, Token> {
    let tokens = client.list().page_size(1000).collect_all().await.unwrap();
    tokens.into_iter().map(|token| (token.id.to_string(), token)).collect()
}

fn client(served: &Served) -> Client {
    let once = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
    Client::builder(OWNER.to_owned()).host(&served.url).retry(once).build().unwrap()
}

fn works(served: &Served, secret: &Secret) -> bool {
    match send(&served.url, "GET /api/v2/tokens?limit=1", secret.expose(), "").0 {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}
