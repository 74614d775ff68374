//! What leaked secrets are found to be, and what becomes of them.

use std::time::Duration;

use ldtokens::{BaseRole, Client, IssuedToken, NewToken, Secret, TokenId};
use ldtokens_lifecycle::destinations::FileDestination;
use ldtokens_lifecycle::{
    Destination, Error, Finding, Journals, KeyKind, LeakedToken, Options, Reason, Report, Revocation, Revoked,
    Rotation, verify,
};
use ldtokens_server::Server;

use crate::local::client;

/// Nobody's, but of the vendor's form.
pub const DEAD: &str = "api-00000000-0000-4000-8000-00000000dead";

pub struct Account {
    server: Server,
    pub owner: Client,
}

impl Account {
    pub async fn new() -> Self {
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

    pub async fn create(&self, role: BaseRole) -> IssuedToken {
        self.owner.create(&NewToken::new(role).name("Leaked").service()).await.unwrap()
    }

    fn fault(&self, line: &str) {
        self.server.faults().add([line.parse().unwrap()]).unwrap();
    }

    pub async fn works(&self, secret: &Secret) -> bool {
        verify(&self.owner, secret).await.unwrap().is_some()
    }

    async fn plan(&self, secrets: &[Secret]) -> Revocation {
        plan_of(&self.owner, secrets, &[]).await
    }
}

async fn plan_of(client: &Client, secrets: &[Secret], ids: &[TokenId]) -> Revocation {
    let mut revocation = Revocation::plan(client, secrets.iter().cloned(), ids).await.unwrap();
    revocation.read_lag = Duration::ZERO;
    revocation
}

/// Deletes the tokens, in order.
async fn delete_all(revocation: &Revocation) -> Vec<Result<Revoked<()>, Error>> {
    let mut all = Vec::new();
    for token in revocation.tokens() {
        all.push(revocation.revoke(token, |client| async move { Ok(client.delete(&token.id).await?) }).await);
    }
    all
}

/// A folder with the new secrets of rotated tokens, by their IDs, and the journals.
struct Rotated {
    folder: tempfile::TempDir,
}

impl Rotated {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn secret(&self, id: &TokenId) -> Secret {
        Secret::new(std::fs::read_to_string(self.folder.path().join(id.as_str())).unwrap())
    }

    /// Rotates the tokens at once, each to its file.
    async fn rotate(&self, revocation: &Revocation) -> Vec<Result<Revoked<Report>, Error>> {
        self.to(revocation, |token| Box::new(FileDestination::new(self.folder.path().join(token.id.as_str())))).await
    }

    async fn to(
        &self,
        revocation: &Revocation,
        destination: impl Fn(&LeakedToken) -> Box<dyn Destination>,
    ) -> Vec<Result<Revoked<Report>, Error>> {
        let journals = Journals::new(self.folder.path().join("rotations"));
        let (overlap, lag) = (Some(Duration::ZERO), Duration::ZERO);
        let options = Options { overlap, write_lag: lag, read_lag: lag, ..Options::default() };
        let mut all = Vec::new();
        for token in revocation.tokens() {
            let rotate = async |client: Client| {
                let rotation = Rotation::new(&client, token.id.clone(), vec![destination(token)], options.clone());
                rotation.run(&journals).await
            };
            all.push(revocation.revoke(token, rotate).await);
        }
        all
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
    assert_eq!((ids, plan.leaks.len()), (vec![a.id.clone(), b.id.clone()], 4));
    for secret in [&a.secret, &b.secret, &kept.secret] {
        assert!(account.works(secret).await, "a plan changes nothing");
    }

    assert!(matches!(plan.leaks[2].finding, Finding::Dead), "{plan:?}");
    assert_eq!(plan.tokens()[0].name.as_deref(), Some("Leaked"));
    for revoked in delete_all(&plan).await {
        assert_eq!(revoked.unwrap(), Revoked::Done(()));
    }
    for secret in [&a.secret, &b.secret, &b_new.secret] {
        assert!(!account.works(secret).await);
    }
    assert!(account.works(&kept.secret).await);
    let again = account.plan(&secrets).await;
    assert!(again.leaks.iter().all(|leak| matches!(leak.finding, Finding::Dead)), "{again:?}");
}

#[tokio::test]
async fn the_clients_own_token_comes_last() {
    let account = Account::new().await;
    let own = account.create(BaseRole::Admin).await;
    let other = account.create(BaseRole::Reader).await;
    let acting = client(&account.server, own.secret.clone());
    let plan = plan_of(&acting, &[own.secret, other.secret], &[]).await;
    assert_eq!(plan.tokens().iter().map(|token| &token.id).collect::<Vec<_>>(), [&other.id, &own.id]);
    for revoked in delete_all(&plan).await {
        assert_eq!(revoked.unwrap(), Revoked::Done(()));
    }
}

#[tokio::test]
async fn a_rotation_ends_the_old_secret_at_once_and_delivers_the_new_one() {
    let account = Account::new().await;
    let (a, b) = (account.create(BaseRole::Reader).await, account.create(BaseRole::Reader).await);
    let rotated = Rotated::new();
    for revoked in rotated.rotate(&account.plan(&[a.secret.clone(), b.secret.clone()]).await).await {
        let Ok(Revoked::Done(report)) = revoked else { panic!("{revoked:?}") };
        let new = rotated.secret(&report.journal.token_id);
        assert_eq!(report.journal.last_four(), new.last_four());
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
    let revoked = rotated.rotate(&account.plan(std::slice::from_ref(&leaked.secret)).await).await;
    assert!(matches!(revoked[0], Ok(Revoked::Done(_))), "{revoked:?}");
    assert!(account.works(&rotated.secret(&leaked.id)).await && !account.works(&leaked.secret).await);
}

#[tokio::test]
async fn a_failed_preparation_leaves_the_leaked_secret_working_and_a_failed_delivery_does_not() {
    let account = Account::new().await;
    let leaked = account.create(BaseRole::Reader).await;
    let secrets = [leaked.secret.clone()];
    let rotated = Rotated::new();
    let plan = account.plan(&secrets).await;
    let mut revoked = rotated.to(&plan, |_| Box::new(FileDestination::new(rotated.folder.path()))).await;
    assert_eq!(revoked.remove(0).unwrap_err().reason, Reason::Unusable);
    assert!(account.works(&leaked.secret).await && !plan.is_dead(plan.tokens()[0]).await);

    let mut revoked = rotated.to(&plan, |_| Box::new(Full)).await;
    assert_eq!(revoked.remove(0).unwrap_err().reason, Reason::NotDelivered);
    assert!(!account.works(&leaked.secret).await && plan.is_dead(plan.tokens()[0]).await);
}

#[derive(Debug)]
struct Full;

impl Destination for Full {
    fn label(&self) -> String {
        "a full disk".to_owned()
    }

    fn deliver(&self, _: &Secret, _: &ldtokens_lifecycle::Metadata) -> std::io::Result<()> {
        Err(std::io::Error::other("the disk is full"))
    }
}

#[tokio::test]
async fn the_last_four_characters_prove_nothing_without_an_id() {
    let account = Account::with_twins().await;
    let secret = |name: &str| account.server.secret(name).unwrap().clone();
    let secrets = [secret("Alone"), secret("Twin 1")];
    account.fault("getCallerIdentity status=403");
    let plan = account.plan(&secrets).await;
    let candidates = |number: usize| match &plan.leaks[number].finding {
        Finding::Unproven { candidates, reason } if !reason.is_empty() => candidates.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((candidates(0).len(), candidates(1).len(), plan.tokens().len()), (1, 2, 0));
    let first = candidates(1).iter().find(|twin| twin.name.as_deref() == Some("Twin 1")).unwrap().id.clone();
    account.server.faults().clear();
    for name in ["Alone", "Twin 1", "Twin 2"] {
        assert!(account.works(&secret(name)).await, "{name}");
    }

    account.fault("getCallerIdentity status=403 times=3");
    let with_id = plan_of(&account.owner, &secrets, &[first]).await;
    assert!(matches!(with_id.leaks[0].finding, Finding::Unproven { .. }), "{with_id:?}");
    assert!(matches!(delete_all(&with_id).await[..], [Ok(Revoked::Done(()))]));
    assert!(!account.works(&secret("Twin 1")).await && account.works(&secret("Alone")).await);
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_own_is_no_reason_to_guess() {
    let account = Account::with_twins().await;
    let secret = account.server.secret("Alone").unwrap().clone();
    for fault in ["getCallerIdentity status=503", "getCallerIdentity status=500"] {
        account.fault(fault);
        let plan = account.plan(std::slice::from_ref(&secret)).await;
        assert!(matches!(plan.leaks[0].finding, Finding::Failed(_)), "{fault}: {plan:?}");
        account.server.faults().clear();
        assert!(account.works(&secret).await, "{fault}");
    }
}

#[tokio::test]
async fn a_secret_that_still_works_is_reported() {
    let account = Account::with_twins().await;
    let secret = |name: &str| account.server.secret(name).unwrap().clone();
    let other = verify(&account.owner, &secret("Twin 2")).await.unwrap().unwrap();
    // The ID of the wrong one of the two was given.
    account.fault("getCallerIdentity status=403 times=2");
    let ids = [other.identity.token_id.unwrap()];
    let plan = plan_of(&account.owner, &[secret("Twin 1")], &ids).await;
    assert!(matches!(delete_all(&plan).await[..], [Ok(Revoked::StillWorks)]));
}

#[tokio::test]
async fn a_token_that_someone_else_deleted_is_reported_as_dead() {
    let account = Account::new().await;
    let rotated = Rotated::new();
    for rotates in [false, true] {
        let leaked = account.create(BaseRole::Reader).await;
        let plan = account.plan(std::slice::from_ref(&leaked.secret)).await;
        account.owner.delete(&leaked.id).await.unwrap();
        let is_dead = match rotates {
            true => matches!(rotated.rotate(&plan).await[..], [Ok(Revoked::Dead)]),
            false => matches!(delete_all(&plan).await[..], [Ok(Revoked::Dead)]),
        };
        assert!(is_dead, "{rotates}");
    }
}

#[tokio::test]
async fn a_leaked_secret_revokes_itself_if_the_client_has_no_permission() {
    let account = Account::new().await;
    let reader = client(&account.server, account.create(BaseRole::Reader).await.secret);
    let (admin, weak) = (account.create(BaseRole::Admin).await, account.create(BaseRole::Writer).await);
    let plan = plan_of(&reader, &[admin.secret.clone(), weak.secret.clone()], &[]).await;
    let revoked = delete_all(&plan).await;
    assert!(matches!(revoked[0], Ok(Revoked::Done(()))), "{revoked:?}");
    let source = revoked[1].as_ref().unwrap_err().source.as_deref();
    assert!(matches!(source, Some(ldtokens::Error::Forbidden(_))), "{revoked:?}");
    assert!(!account.works(&admin.secret).await && account.works(&weak.secret).await);
}

#[tokio::test]
async fn text_that_is_not_an_access_token_is_reported_as_such() {
    let account = Account::new().await;
    let sdk = DEAD.replace("api", "sdk");
    let plan = account.plan(&[Secret::new("\"quoted\""), Secret::new(sdk), Secret::new("two words")]).await;
    let [quoted, sdk, words] = &plan.leaks[..] else { panic!("{plan:?}") };
    assert!(matches!(quoted.finding, Finding::NotASecret), "{quoted:?}");
    assert!(matches!(sdk.finding, Finding::OtherKey(KeyKind::Sdk)), "{sdk:?}");
    assert!(matches!(words.finding, Finding::NotASecret), "{words:?}");
    assert!(!format!("{plan:?}").contains("quoted"), "{plan:?}");
    assert!(plan.tokens().is_empty());
}

#[tokio::test]
async fn a_plan_needs_a_credential_that_works() {
    let account = Account::new().await;
    let dead = client(&account.server, Secret::new(DEAD));
    let error = Revocation::plan(&dead, [Secret::new(DEAD)], &[]).await.unwrap_err();
    assert!(matches!(error, ldtokens::Error::Unauthorized(_)), "{error:?}");
}
