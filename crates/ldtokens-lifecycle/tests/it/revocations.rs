//! What leaked secrets are found to be, and what becomes of them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ldtokens::{AttemptEvent, BaseRole, Client, IssuedToken, NewToken, Observer, Operation, Secret, TokenId};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{
    Destination, Destinations, Error, Finding, Journals, KeyKind, LeakedToken, Options, Outcome, Plan, Remedy,
    Revocation, Revoked, Verdict, verify,
};
use ldtokens_server::Server;

use crate::support::client;

/// Nobody's, but of the vendor's form.
const DEAD: &str = "api-00000000-0000-4000-8000-00000000dead";

struct Account {
    server: Server,
    owner: Client,
}

impl Account {
    async fn new() -> Self {
        Self::of(Server::start().await.unwrap())
    }

    /// With two tokens whose secrets have the same last four characters, and one alone.
    async fn with_twins() -> Self {
        let account = "
            members: [{email: owner@example.com, role: owner}]
            tokens:
              - {name: Owner, member: owner@example.com, role: admin}
              - {name: Twin 1, member: owner@example.com, role: reader, serviceToken: true, secret: api-11111111-0000-4000-8000-00000000aaaa}
              - {name: Twin 2, member: owner@example.com, role: reader, serviceToken: true, secret: api-22222222-0000-4000-8000-00000000aaaa}
              - {name: Alone, member: owner@example.com, role: reader, serviceToken: true, secret: api-33333333-0000-4000-8000-00000000bbbb}";
        Self::of(Server::builder().account(account.parse().unwrap()).start().await.unwrap())
    }

    fn of(server: Server) -> Self {
        let owner = client(&server, server.owner_secret().unwrap().clone());
        Self { server, owner }
    }

    async fn create(&self, role: BaseRole) -> IssuedToken {
        self.owner.create(&NewToken::new(role).name("Leaked").service()).await.unwrap()
    }

    fn fault(&self, line: &str) {
        self.server.faults().add([line.parse().unwrap()]).unwrap();
    }

    async fn works(&self, secret: &Secret) -> bool {
        match verify(&self.owner, secret).await.unwrap() {
            Verdict::Works(_) => true,
            Verdict::DoesNotWork => false,
            other => panic!("{other:?}"),
        }
    }

    async fn plan(&self, secrets: &[Secret]) -> Plan {
        plan_of(&self.owner, secrets).await
    }

    async fn delete(&self, secrets: &[Secret]) -> Vec<Revoked> {
        carry_out(self.plan(secrets).await, Remedy::Delete).await
    }
}

async fn plan_of(client: &Client, secrets: &[Secret]) -> Plan {
    Revocation::new(client, secrets.iter().cloned()).patience(Duration::ZERO).plan().await.unwrap()
}

async fn carry_out(plan: Plan, remedy: Remedy<'_>) -> Vec<Revoked> {
    let mut all = Vec::new();
    plan.carry_out(remedy, &|| false, |revoked| all.push(revoked)).await;
    all
}

/// A folder with the new secrets of rotated tokens, by their IDs, and the journals.
struct Rotated {
    folder: tempfile::TempDir,
    journals: Journals,
    options: Options,
}

impl Rotated {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::new(folder.path().join("rotations"));
        let options = Options::default().settle(Duration::ZERO).patience(Duration::ZERO);
        Self { folder, journals, options }
    }

    fn secret(&self, id: &TokenId) -> Secret {
        Secret::new(std::fs::read_to_string(self.folder.path().join(id.as_str())).unwrap())
    }

    fn file(&self, token: &LeakedToken) -> Result<Vec<Box<dyn Destination>>, String> {
        Ok(vec![Box::new(FileDestination::new(self.folder.path().join(token.id.as_str())))])
    }

    async fn rotate(&self, account: &Account, secrets: &[Secret]) -> Vec<Revoked> {
        self.to(account.plan(secrets).await, &|token| self.file(token)).await
    }

    async fn to(&self, plan: Plan, destinations: &Destinations<'_>) -> Vec<Revoked> {
        carry_out(plan, Remedy::Rotate { journals: &self.journals, options: &self.options, destinations }).await
    }
}

#[tokio::test]
async fn tokens_of_leaked_secrets_are_deleted_and_dead_secrets_are_reported() {
    let account = Account::new().await;
    let (a, b) = (account.create(BaseRole::Reader).await, account.create(BaseRole::Writer).await);
    // Both secrets of the second one work; it is deleted once.
    let b_new = account.owner.reset(&b.id, Duration::from_secs(3600)).await.unwrap();
    let kept = account.create(BaseRole::Reader).await;
    let secrets = [a.secret.clone(), b.secret.clone(), a.secret.clone(), Secret::new(DEAD), b_new.secret.clone()];
    let plan = account.plan(&secrets).await;
    let ids: Vec<_> = plan.tokens().iter().map(|token| token.id.clone()).collect();
    assert_eq!((ids, plan.leaks().len()), (vec![a.id.clone(), b.id.clone()], 4));
    for secret in [&a.secret, &b.secret, &kept.secret] {
        assert!(account.works(secret).await, "a plan changes nothing");
    }

    let revoked = carry_out(plan, Remedy::Delete).await;
    assert_eq!(revoked.len(), 3);
    for Revoked { last_fours, token, outcome, .. } in &revoked {
        match token {
            None => assert!(matches!(outcome, Outcome::Dead) && last_fours == &["dead"], "{outcome:?}"),
            Some(token) => {
                assert!(matches!(outcome, Outcome::Deleted), "{outcome:?}");
                assert_eq!(token.name.as_deref(), Some("Leaked"));
                assert_eq!(last_fours.len(), if token.id == a.id { 1 } else { 2 });
            }
        }
        assert!(outcome.is_success());
    }
    for secret in [&a.secret, &b.secret, &b_new.secret] {
        assert!(!account.works(secret).await);
    }
    assert!(account.works(&kept.secret).await);
    let again = account.delete(&secrets).await;
    assert!(again.iter().all(|revoked| matches!(revoked.outcome, Outcome::Dead)), "{again:?}");
}

#[tokio::test]
async fn the_clients_own_token_is_deleted_last() {
    let account = Account::new().await;
    let own = account.create(BaseRole::Admin).await;
    let mut secrets = vec![own.secret.clone()];
    for _ in 0..20 {
        secrets.push(account.create(BaseRole::Reader).await.secret);
    }
    let acting = client(&account.server, own.secret.clone());
    let revoked = carry_out(plan_of(&acting, &secrets).await, Remedy::Delete).await;
    assert_eq!(revoked.len(), 21);
    assert!(revoked.iter().all(|revoked| matches!(revoked.outcome, Outcome::Deleted)), "{revoked:?}");
    let is_own: Vec<_> = revoked.iter().map(|revoked| revoked.token.as_ref().unwrap().is_own).collect();
    assert_eq!(is_own.iter().position(|is_own| *is_own), Some(20));
}

#[tokio::test]
async fn a_rotation_ends_the_old_secret_at_once_and_delivers_the_new_one() {
    let account = Account::new().await;
    let (a, b) = (account.create(BaseRole::Reader).await, account.create(BaseRole::Reader).await);
    let rotated = Rotated::new();
    for revoked in rotated.rotate(&account, &[a.secret.clone(), b.secret.clone()]).await {
        let new = rotated.secret(&revoked.token.unwrap().id);
        assert!(matches!(&revoked.outcome, Outcome::Rotated(report) if report.last_four == new.last_four()));
        assert!(account.works(&new).await);
    }
    assert!(!account.works(&a.secret).await && !account.works(&b.secret).await);
}

#[tokio::test]
async fn a_reset_of_a_leaked_token_is_repeated_if_its_response_is_lost() {
    let account = Account::new().await;
    let leaked = account.create(BaseRole::Reader).await;
    account.fault("resetToken drop-after times=2");
    let rotated = Rotated::new();
    let revoked = rotated.rotate(&account, std::slice::from_ref(&leaked.secret)).await;
    assert!(matches!(revoked[0].outcome, Outcome::Rotated(_)), "{revoked:?}");
    assert!(account.works(&rotated.secret(&leaked.id)).await && !account.works(&leaked.secret).await);
}

#[tokio::test]
async fn a_failed_preparation_leaves_the_leaked_secret_working_and_a_failed_delivery_does_not() {
    let account = Account::new().await;
    let leaked = account.create(BaseRole::Reader).await;
    let secrets = [leaked.secret.clone()];
    let rotated = Rotated::new();
    let unready = |_: &LeakedToken| Err("the disk is full".to_owned());
    let revoked = rotated.to(account.plan(&secrets).await, &unready).await;
    assert!(matches!(&revoked[0].outcome, Outcome::NotPrepared { reason } if reason == "the disk is full"));
    let folder = |_: &LeakedToken| -> Result<Vec<Box<dyn Destination>>, String> {
        Ok(vec![Box::new(FileDestination::new(rotated.folder.path()))])
    };
    let revoked = rotated.to(account.plan(&secrets).await, &folder).await;
    assert!(matches!(&revoked[0].outcome, Outcome::NotRotated(error) if matches!(**error, Error::NotReady(_))));
    assert!(account.works(&leaked.secret).await);

    let failing = |_: &LeakedToken| -> Result<Vec<Box<dyn Destination>>, String> { Ok(vec![Box::new(Full)]) };
    let revoked = rotated.to(account.plan(&secrets).await, &failing).await;
    assert!(matches!(&revoked[0].outcome, Outcome::NotRotated(error) if matches!(**error, Error::NotDelivered(_))));
    assert!(!account.works(&leaked.secret).await);
}

#[derive(Debug)]
struct Full;

impl Destination for Full {
    fn label(&self) -> String {
        "a full disk".to_owned()
    }

    fn prepare(&self) -> Result<ldtokens_lifecycle::Prepared, String> {
        Ok(ldtokens_lifecycle::Prepared::new(|_, _| Err("the disk is full".to_owned())))
    }
}

#[tokio::test]
async fn the_last_four_characters_prove_nothing_without_an_id() {
    let account = Account::with_twins().await;
    let secret = |name: &str| account.server.secret(name).unwrap().clone();
    let secrets = [secret("Alone"), secret("Twin 1")];
    account.fault("getCallerIdentity status=403");
    let plan = account.plan(&secrets).await;
    let candidates = |number: usize| match &plan.leaks()[number].finding {
        Finding::Unproven { candidates, reason } if !reason.is_empty() => candidates.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((candidates(0).len(), candidates(1).len(), plan.tokens().len()), (1, 2, 0));
    let first = candidates(1).iter().find(|twin| twin.name.as_deref() == Some("Twin 1")).unwrap().id.clone();
    let revoked = carry_out(plan, Remedy::Delete).await;
    assert!(revoked.iter().all(|revoked| matches!(revoked.outcome, Outcome::Unproven { .. })), "{revoked:?}");
    account.server.faults().clear();
    for name in ["Alone", "Twin 1", "Twin 2"] {
        assert!(account.works(&secret(name)).await, "{name}");
    }

    account.fault("getCallerIdentity status=403 times=3");
    let with_id = Revocation::new(&account.owner, secrets).ids([first]).plan().await.unwrap();
    let revoked = carry_out(with_id, Remedy::Delete).await;
    assert!(matches!(revoked[0].outcome, Outcome::Unproven { .. }), "{revoked:?}");
    assert!(matches!(revoked[1].outcome, Outcome::Deleted), "{revoked:?}");
    assert!(!account.works(&secret("Twin 1")).await && account.works(&secret("Alone")).await);
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_own_is_no_reason_to_guess() {
    let account = Account::with_twins().await;
    let secret = account.server.secret("Alone").unwrap().clone();
    for fault in ["getCallerIdentity status=503", "getCallerIdentity status=500"] {
        account.fault(fault);
        let plan = account.plan(std::slice::from_ref(&secret)).await;
        assert!(matches!(plan.leaks()[0].finding, Finding::Failed(_)), "{fault}: {plan:?}");
        account.server.faults().clear();
        assert!(account.works(&secret).await, "{fault}");
    }
}

#[tokio::test]
async fn a_secret_that_still_works_is_reported() {
    let account = Account::with_twins().await;
    let secret = |name: &str| account.server.secret(name).unwrap().clone();
    let Verdict::Works(other) = verify(&account.owner, &secret("Twin 2")).await.unwrap() else { panic!("it works") };
    // The ID of the wrong one of the two was given.
    account.fault("getCallerIdentity status=403 times=2");
    let ids = [other.identity.token_id.unwrap()];
    let plan = Revocation::new(&account.owner, [secret("Twin 1")]).ids(ids).patience(Duration::ZERO).plan();
    let revoked = carry_out(plan.await.unwrap(), Remedy::Delete).await;
    assert!(matches!(revoked[0].outcome, Outcome::StillWorks) && !revoked[0].outcome.is_success(), "{revoked:?}");
}

#[tokio::test]
async fn a_token_that_someone_else_deleted_is_reported_as_dead() {
    let account = Account::new().await;
    let rotated = Rotated::new();
    let destinations = |token: &LeakedToken| rotated.file(token);
    let (journals, options) = (&rotated.journals, &rotated.options);
    for remedy in [Remedy::Delete, Remedy::Rotate { journals, options, destinations: &destinations }] {
        let leaked = account.create(BaseRole::Reader).await;
        let plan = account.plan(std::slice::from_ref(&leaked.secret)).await;
        account.owner.delete(&leaked.id).await.unwrap();
        let revoked = carry_out(plan, remedy).await;
        assert!(matches!(revoked[0].outcome, Outcome::Dead), "{remedy:?}: {revoked:?}");
    }
}

#[tokio::test]
async fn a_leaked_secret_revokes_itself_if_the_client_has_no_permission() {
    let account = Account::new().await;
    let reader = client(&account.server, account.create(BaseRole::Reader).await.secret);
    let (admin, weak) = (account.create(BaseRole::Admin).await, account.create(BaseRole::Writer).await);
    let revoked = carry_out(plan_of(&reader, &[admin.secret.clone(), weak.secret.clone()]).await, Remedy::Delete).await;
    for Revoked { token, outcome, .. } in revoked {
        match token.unwrap().id {
            id if id == admin.id => assert!(matches!(outcome, Outcome::Deleted), "{outcome:?}"),
            _ => assert!(matches!(outcome, Outcome::Failed(ldtokens::Error::Forbidden(_))), "{outcome:?}"),
        }
    }
    assert!(!account.works(&admin.secret).await && account.works(&weak.secret).await);
}

#[tokio::test]
async fn text_that_is_not_an_access_token_is_reported_as_such() {
    let account = Account::new().await;
    let sdk = DEAD.replace("api", "sdk");
    let plan = account.plan(&[Secret::new("\"quoted\""), Secret::new(sdk), Secret::new("two words")]).await;
    let [quoted, sdk, words] = plan.leaks() else { panic!("{plan:?}") };
    assert!(matches!(quoted.finding, Finding::NotASecret), "{quoted:?}");
    assert!(matches!(sdk.finding, Finding::OtherKey(KeyKind::Sdk)), "{sdk:?}");
    assert!(matches!(words.finding, Finding::NotASecret), "{words:?}");
    assert!(!format!("{plan:?}").contains("quoted"), "{plan:?}");
    let revoked = carry_out(plan, Remedy::Delete).await;
    assert!(revoked.iter().all(|revoked| !revoked.outcome.is_success()));
}

/// Counts the deletions that are running.
#[derive(Debug, Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Observer for UnderWay {
    fn sending(&self, operation: Operation, _: &str) {
        if operation == Operation::DeleteToken {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
        }
    }

    fn attempt(&self, attempt: &AttemptEvent<'_>) {
        if attempt.operation == Operation::DeleteToken {
            self.now.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn as_many_deletions_run_at_once_as_allowed() {
    let account = Account::new().await;
    let mut secrets = Vec::new();
    for _ in 0..12 {
        secrets.push(account.create(BaseRole::Reader).await.secret);
    }
    account.fault("deleteToken delay=100");
    let under_way = Arc::new(UnderWay::default());
    let owner = account.server.owner_secret().unwrap().clone();
    let watched = Client::builder(owner).host(account.server.url()).observer(under_way.clone()).build().unwrap();
    let plan = Revocation::new(&watched, secrets).concurrency(3).plan().await.unwrap();
    let revoked = carry_out(plan, Remedy::Delete).await;
    assert!(revoked.len() == 12 && revoked.iter().all(|revoked| revoked.outcome.is_success()), "{revoked:?}");
    assert_eq!(under_way.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_stopped_revocation_finishes_running_requests_and_starts_no_others() {
    let account = Account::new().await;
    let mut secrets = Vec::new();
    for _ in 0..4 {
        secrets.push(account.create(BaseRole::Reader).await.secret);
    }
    let plan = Revocation::new(&account.owner, secrets.clone()).concurrency(1).plan().await.unwrap();
    let started = AtomicUsize::new(0);
    let is_stopped = || started.fetch_add(1, Ordering::SeqCst) >= 2;
    let mut outcomes = Vec::new();
    plan.carry_out(Remedy::Delete, &is_stopped, |revoked| outcomes.push(revoked.outcome)).await;
    assert!(
        matches!(&outcomes[..], [Outcome::Deleted, Outcome::Deleted, Outcome::NotTried, Outcome::NotTried]),
        "{outcomes:?}"
    );
    let mut working = 0;
    for secret in &secrets {
        working += usize::from(account.works(secret).await);
    }
    assert_eq!(working, 2);
}

#[tokio::test]
async fn a_plan_needs_a_credential_that_works() {
    let account = Account::new().await;
    let dead = client(&account.server, Secret::new(DEAD));
    let error = Revocation::new(&dead, [Secret::new(DEAD)]).plan().await.unwrap_err();
    assert!(matches!(error, ldtokens::Error::Unauthorized(_)), "{error:?}");
}

/// A proxy that answers each request by 401 and a page of its own, until it is dropped.
fn proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "<h1>Log in first</h1>";
            let head = "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    url
}

#[tokio::test]
async fn a_secret_is_dead_only_if_the_api_says_so() {
    let behind = Client::builder(DEAD).host(proxy()).build().unwrap();
    let error = verify(&behind, &Secret::new(DEAD)).await.unwrap_err();
    assert!(matches!(error, ldtokens::Error::Unauthorized(_)), "{error:?}");
    // Nobody listens on this port, tcpmux's.
    let nobody = Client::builder(DEAD).host("http://127.0.0.1:1").build().unwrap();
    let error = verify(&nobody, &Secret::new(DEAD)).await.unwrap_err();
    assert!(matches!(error, ldtokens::Error::Transport { .. }), "{error:?}");
}

#[tokio::test]
async fn a_working_secret_is_described_and_is_current_or_former() {
    let account = Account::new().await;
    let token = account.create(BaseRole::Writer).await;
    let verified = async |secret: &Secret| match verify(&account.owner, secret).await.unwrap() {
        Verdict::Works(verified) => verified,
        other => panic!("{other:?}"),
    };
    let before = verified(&token.secret).await;
    assert_eq!(before.identity.token_id, Some(token.id.clone()));
    assert_eq!(before.token.unwrap().role, token.details.role);
    assert_eq!((before.is_former, before.expires_at), (Some(false), None));
    let new = account.owner.reset(&token.id, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(verified(&token.secret).await.is_former, Some(true));
    assert_eq!(verified(&new.secret).await.is_former, Some(false));
    account.owner.delete(&token.id).await.unwrap();
    assert!(!account.works(&new.secret).await);
}
