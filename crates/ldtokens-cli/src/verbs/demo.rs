//! `ldtokens demo`: shows the life cycle of a token with real HTTP requests.

use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use ldtokens::{
    AttemptEvent, BaseRole, Client, Error, NewToken, Observer, Overlap, Patch, RetryPolicy, Secret, Token, UnixMillis,
};
use ldtokens_server::{Clock, Server};

use crate::moment::date;
use crate::terminal::{Failure, access, print_styled};
use crate::verbs::json;

const TITLE: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const QUIET: Style = Style::new().dimmed();

const DAY: Duration = Duration::from_secs(86_400);

/// How long both secrets work after the reset.
const OVERLAP: Duration = Duration::from_secs(3600);

/// Prints each request line and the status of its response.
#[derive(Debug)]
struct Wire;

impl Observer for Wire {
    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        let (method, path) = (attempt.method, attempt.path);
        let status = attempt.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        show(&format!("  {QUIET}{method:<6} {path:<66}{QUIET:#} {status}"));
    }
}

struct Demo {
    server: Server,
    clock: Clock,
    client: Client,
}

pub(crate) async fn run() -> Result<(), Failure> {
    let clock = Clock::manual(ldtokens::UnixMillis::now());
    let server =
        Server::builder().clock(clock.clone()).start().await.map_err(|error| Failure::other(error.to_string()))?;
    let owner = server.owner_secret().cloned().ok_or_else(|| Failure::other("a new server has no owner"))?;
    let client = connect(&server, owner)?;
    show(&format!("A local LaunchDarkly at {}, in memory, for this demo only.", server.url()));
    let demo = Demo { server, clock, client };
    let result = demo.life().await;
    demo.server.stop().await;
    result?;
    print_styled(&format!(
        "\n{GOOD}All six operations work as they should.{GOOD:#} Nothing is left behind.\n\
         Next: `ldtokens --local list` uses a local LaunchDarkly that keeps its data.\n\
         `ldtokens serve --store ld.db` runs one as a server. `ldtokens -h` shows more."
    ))
}

fn connect(server: &Server, credential: Secret) -> Result<Client, Error> {
    let once = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
    Client::builder(credential).host(server.url()).retry(once).observer(Arc::new(Wire)).build()
}

impl Demo {
    async fn life(&self) -> Result<(), Failure> {
        let client = &self.client;

        title(1, "Create a service token that reads, and expires in 30 days");
        let new = NewToken::new(BaseRole::Reader).name("Nightly export").description("Feeds the warehouse").service();
        let new = new.expires_in(30 * DAY);
        let issued = client.create(&new).await?;
        let id = &issued.id;
        fields(&issued.details);
        field("secret", &format!("[redacted] ...{}, shown only once", issued.secret.last_four()));

        title(2, "List the tokens");
        let page = client.list().all_members(true).send().await?;
        for token in &page.tokens {
            let name = token.name.as_deref().unwrap_or_default();
            field(token.id.as_str(), &format!("{name:<16} {:<8} {}", access(&json(token)), until(token)));
        }
        expect(page.tokens.iter().any(|token| token.id == id.as_str()), "the new token is in the list")?;

        title(3, "Read it");
        fields(&client.get(id).await?);
        self.expect_secret(&issued.secret, true, "its secret works").await?;

        title(4, "Rename it, if it is still named as it was");
        let patch = Patch::new().expect("/name", "Nightly export").name("Warehouse export");
        let renamed = client.update(id, &patch).await?;
        fields(&renamed);
        expect(renamed.name.as_deref() == Some("Warehouse export"), "it has the new name")?;

        title(5, "Extend it to 90 days");
        let extended = client.update(id, &Patch::new().expiry(self.later(90 * DAY))).await?;
        fields(&extended);
        expect(extended.expiry > issued.details.expiry, "it expires later")?;

        title(6, "Give it a new secret, with an overlap of an hour");
        let reset = client.reset(id, Overlap::For(OVERLAP)).await?;
        field("secret", &format!("...{}, shown only once", reset.secret.last_four()));
        self.expect_secret(&issued.secret, true, "in the overlap the old secret works").await?;
        self.expect_secret(&reset.secret, true, "and the new one works too").await?;
        self.forward(OVERLAP, "an hour");
        self.expect_secret(&issued.secret, false, "after the overlap the old secret is refused").await?;
        self.expect_secret(&reset.secret, true, "and the new one works").await?;

        title(7, "Rotate it as LaunchDarkly advises: replace it, and let it expire");
        let like = NewToken::new(BaseRole::Reader).name("Warehouse export").service().expires_in(90 * DAY);
        let successor = client.create(&like).await?;
        self.expect_secret(&successor.secret, true, "the new token's secret works").await?;
        fields(&client.update(id, &Patch::new().expiry(self.later(OVERLAP))).await?);
        self.expect_secret(&reset.secret, true, "until it expires, the old token works too").await?;
        self.forward(OVERLAP, "an hour");
        self.expect_secret(&reset.secret, false, "the old token has expired").await?;
        self.expect_secret(&successor.secret, true, "and the new one works").await?;
        self.forward(90 * DAY, "90 days");
        self.expect_secret(&successor.secret, false, "the new token has expired in its turn").await?;

        title(8, "Delete both");
        for id in [id, &successor.id] {
            client.delete(id).await?;
            expect(matches!(client.get(id).await, Err(Error::NotFound(_))), "the token is gone")?;
        }
        Ok(())
    }

    /// A time by the server's clock.
    fn later(&self, length: Duration) -> UnixMillis {
        UnixMillis::from(self.client.server_time()).saturating_add(length)
    }

    fn forward(&self, length: Duration, in_words: &str) {
        self.clock.advance(length + Duration::from_secs(2));
        show(&format!("   {QUIET}the server's clock goes forward by {in_words} and two seconds{QUIET:#}"));
    }

    async fn expect_secret(&self, secret: &Secret, should_work: bool, promise: &str) -> Result<(), Failure> {
        let works = match connect(&self.server, secret.clone())?.list().page_size(1).send().await {
            Ok(_) => true,
            Err(Error::Unauthorized(_)) => false,
            Err(error) => return Err(error.into()),
        };
        expect(works == should_work, promise)
    }
}

/// If standard output can't be written, the last line is the error.
fn show(line: &str) {
    let _ = print_styled(line);
}

fn title(number: u32, text: &str) {
    show(&format!("\n{TITLE}{number}. {text}{TITLE:#}"));
}

fn fields(token: &Token) {
    field("id", token.id.as_str());
    field("name", token.name.as_deref().unwrap_or_default());
    field("access", &access(&json(token)));
    field("expires", &until(token));
}

fn until(token: &Token) -> String {
    token.expiry.map_or_else(|| "never".to_owned(), date)
}

fn field(name: &str, value: &str) {
    show(&format!("     {name:<24} {value}"));
}

fn expect(kept: bool, promise: &str) -> Result<(), Failure> {
    if !kept {
        return Err(Failure::other(format!("the demo failed: this does not hold: {promise}")));
    }
    show(&format!("   {GOOD}ok{GOOD:#} {promise}"));
    Ok(())
}
