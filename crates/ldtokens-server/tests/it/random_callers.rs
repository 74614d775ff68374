//! Random callers and attempts, compared with a model of who may do what, and with a change of the caller at the same moment.

use fastrand::Rng;
use ldtokens_client::{Role, Secret};
use ldtokens_server::{Account, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::authorization_model::{Attempt, Kind, Member, Model, Token};
use crate::cases::{Case, choice, seeds};
use crate::support::Api;

const ACCOUNTS: u64 = 6;
const ATTEMPTS: usize = 60;

fn id(kind: char, number: usize) -> String {
    format!("{kind}{number:023x}")
}

fn statement(rng: &mut Rng, model: &Model) -> Value {
    let list = |rng: &mut Rng, from: &[String]| (0..rng.usize(1..3)).map(|_| choice(rng, from)).collect::<Vec<_>>();
    let actions = [
        "*",
        "createAccessToken",
        "update*",
        "updateAccessTokenName",
        "updateAccessTokenPolicy",
        "*Token",
        "deleteAccessToken",
        "*Expiry",
    ]
    .map(str::to_owned);
    let member = &choice(rng, &model.members).id;
    let resources = [
        "*".to_owned(),
        "service-token/*".to_owned(),
        "member/*:token/*".to_owned(),
        format!("member/{member}:token/*"),
        format!("member/{},{member}:token/{}*", id('a', 0), id('c', 0)),
        format!("service-token/{}", id('c', rng.usize(..12))),
        "member/*".to_owned(),
        "proj/*:env/*".to_owned(),
    ];
    let mut statement = json!({ "effect": choice(rng, &["allow", "allow", "allow", "deny"]) });
    statement[choice(rng, &["actions", "actions", "actions", "notActions"])] = json!(list(rng, &actions));
    statement[choice(rng, &["resources", "resources", "resources", "notResources"])] = json!(list(rng, &resources));
    statement
}

fn kind(rng: &mut Rng, model: &Model) -> Kind {
    match rng.u8(..8) {
        0..3 => Kind::Role(choice(rng, &["reader", "writer", "admin", "admin"])),
        3..5 => Kind::Custom((0..rng.usize(1..3)).map(|_| rng.usize(..model.roles.len())).collect()),
        // Often the statements of a role, so that a caller has them.
        5 => Kind::Inline(choice(rng, &model.roles)),
        _ => Kind::Inline((0..rng.usize(1..3)).map(|_| statement(rng, model)).collect()),
    }
}

fn property(kind: &Kind) -> (&'static str, Value) {
    match kind {
        Kind::Role(role) => ("role", json!(role)),
        Kind::Custom(roles) => ("customRoleIds", json!(roles.iter().map(|role| id('b', *role)).collect::<Vec<_>>())),
        Kind::Inline(statements) => ("inlineRole", json!(statements)),
    }
}

/// An account, as a model and as a file. The first token is the owner's.
fn account(rng: &mut Rng) -> (Model, Account) {
    let mut model = Model::default();
    for number in 0..5 {
        let role = if number == 0 { "owner" } else { choice(rng, &["admin", "writer", "reader", "no_access"]) };
        let roles = if rng.bool() { vec![rng.usize(..4)] } else { Vec::new() };
        let email = format!("{number}@example.com");
        model.members.push(Member { id: id('a', number), email, role, roles, is_removed: false });
    }
    model.roles = (0..4).map(|_| (0..rng.usize(1..3)).map(|_| statement(rng, &model)).collect()).collect();
    for number in 0..12 {
        let kind = if number == 0 { Kind::Role("admin") } else { kind(rng, &model) };
        model.tokens.push(Token {
            id: id('c', number),
            secret: format!("api-secret-of-token-{number}"),
            member: if number == 0 { 0 } else { rng.usize(..5) },
            is_service: number > 0 && rng.bool(),
            kind,
            is_deleted: false,
            is_expired: false,
        });
    }
    let members: Vec<Value> = model
        .members
        .iter()
        .map(|member| {
            let roles: Vec<String> = member.roles.iter().map(|role| format!("role-{role}")).collect();
            json!({ "id": member.id, "email": member.email, "role": member.role, "customRoles": roles })
        })
        .collect();
    let roles: Vec<Value> = model
        .roles
        .iter()
        .enumerate()
        .map(|(number, policy)| json!({ "id": id('b', number), "key": format!("role-{number}"), "policy": policy }))
        .collect();
    let tokens: Vec<Value> = model.tokens.iter().map(|token| {
        let mut file = json!({ "id": token.id, "secret": token.secret, "name": "begun", "serviceToken": token.is_service,
            "member": model.members[token.member].email });
        let (name, value) = property(&token.kind);
        file[name] = value;
        file
    }).collect();
    let file = json!({ "members": members, "customRoles": roles, "tokens": tokens });
    (model, file.to_string().parse().unwrap())
}

fn attempt(rng: &mut Rng, model: &Model) -> Attempt {
    let target = rng.usize(..model.tokens.len());
    match rng.u8(..16) {
        0..3 => Attempt::Read(target),
        3 | 4 => Attempt::Rename(target),
        5 => Attempt::Describe(target),
        6 | 7 => Attempt::Extend(target),
        8..11 => Attempt::Change(target, kind(rng, model)),
        11 => Attempt::Reset(target),
        12 => Attempt::Delete(target),
        _ => Attempt::Create { is_service: rng.bool(), kind: kind(rng, model) },
    }
}

/// Sends what `caller` attempts. Returns the status and the body.
async fn send(api: &Api, model: &Model, caller: usize, attempt: &Attempt, unique: usize) -> (u16, Value) {
    let path = |target: usize| format!("/api/v2/tokens/{}", model.tokens[target].id);
    let replace = |name: &str, value: Value| json!([{ "op": "replace", "path": format!("/{name}"), "value": value }]);
    let (method, path, body) = match attempt {
        Attempt::Read(target) => (Method::GET, path(*target), None),
        Attempt::Rename(target) => (Method::PATCH, path(*target), Some(replace("name", json!(unique.to_string())))),
        Attempt::Describe(target) => {
            (Method::PATCH, path(*target), Some(replace("description", json!(unique.to_string()))))
        }
        Attempt::Extend(target) => {
            (Method::PATCH, path(*target), Some(replace("expiry", json!(2_000_000_000_000 + unique))))
        }
        Attempt::Change(target, kind) => {
            let ((old, _), (new, value)) = (property(&model.tokens[*target].kind), property(kind));
            let patch = json!([
                { "op": "remove", "path": format!("/{old}") },
                { "op": "add", "path": format!("/{new}"), "value": value },
            ]);
            (Method::PATCH, path(*target), Some(patch))
        }
        Attempt::Reset(target) => (Method::POST, format!("{}/reset", path(*target)), None),
        Attempt::Delete(target) => (Method::DELETE, path(*target), None),
        Attempt::Create { is_service, kind } => {
            let mut body = json!({ "name": unique.to_string(), "serviceToken": is_service });
            let (name, value) = property(kind);
            body[name] = value;
            (Method::POST, "/api/v2/tokens".to_owned(), Some(body))
        }
    };
    let secret = Secret::new(model.tokens[caller].secret.clone());
    let response = api.send(&secret, method, &path, body.as_ref()).await;
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

/// Notes what an attempt that succeeded has changed.
fn note(model: &mut Model, caller: usize, attempt: &Attempt, answer: &Value) {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    match attempt {
        Attempt::Change(target, kind) => model.tokens[*target].kind = kind.clone(),
        Attempt::Reset(target) => model.tokens[*target].secret = text("token"),
        Attempt::Delete(target) => model.tokens[*target].is_deleted = true,
        Attempt::Create { is_service, kind } => model.tokens.push(Token {
            id: text("_id"),
            secret: text("token"),
            member: model.tokens[caller].member,
            is_service: *is_service,
            kind: kind.clone(),
            is_deleted: false,
            is_expired: false,
        }),
        Attempt::Extend(target) => model.tokens[*target].is_expired = false,
        Attempt::Read(_) | Attempt::Rename(_) | Attempt::Describe(_) => {}
    }
}

/// Changes what `caller` may do, by the owner or as the account does. Returns the model after it.
async fn lower(api: &Api, model: &Model, caller: usize, how: u8) -> Model {
    let mut after = model.clone();
    let member = model.tokens[caller].member;
    match how {
        0 => {
            let reader = Attempt::Change(caller, Kind::Role("reader"));
            assert_eq!(send(api, model, 0, &reader, 0).await.0, 200);
            after.tokens[caller].kind = Kind::Role("reader");
        }
        1 => {
            assert_eq!(send(api, model, 0, &Attempt::Delete(caller), 0).await.0, 204);
            after.tokens[caller].is_deleted = true;
        }
        2 => {
            let path = format!("/api/v2/tokens/{}", model.tokens[caller].id);
            let end = json!([{ "op": "add", "path": "/expiry", "value": 1 }]);
            let owner = Secret::new(model.tokens[0].secret.clone());
            assert_eq!(api.send(&owner, Method::PATCH, &path, Some(&end)).await.status(), 200);
            after.tokens[caller].is_expired = true;
        }
        _ if member == 0 => {}
        3 => {
            assert!(api.server.set_member_role(&model.members[member].email, Role::Reader).await.unwrap());
            after.members[member].role = "reader";
        }
        _ => {
            api.server.remove_member(&model.members[member].email).await.unwrap();
            after.members[member].is_removed = true;
        }
    }
    after
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_callers_get_what_the_model_says_also_while_they_are_lowered() {
    let mut statuses = std::collections::BTreeMap::new();
    for seed in seeds(ACCOUNTS) {
        let (_case, mut rng) = Case::of(seed);
        let (mut model, account) = account(&mut rng);
        let folder = tempfile::tempdir().unwrap();
        let mut api = Api::start().await;
        let builder = Server::builder().account(account).clock(api.clock.clone());
        // With a file, reads go on while others write.
        api.server = builder.store(folder.path().join("ld.db")).start().await.unwrap();
        for number in 0..ATTEMPTS {
            let caller = rng.usize(..model.tokens.len());
            let attempt = attempt(&mut rng, &model);
            // The owner's token stays as it is, since the test needs it.
            if matches!(attempt, Attempt::Change(0, _) | Attempt::Delete(0) | Attempt::Reset(0)) {
                continue;
            }
            let before = model.status(caller, &attempt);
            if number % 4 > 0 || caller == 0 || model.tokens[caller].is_deleted || attempt.target() == Some(caller) {
                let (status, answer) = send(&api, &model, caller, &attempt, number).await;
                assert_eq!(status, before, "{attempt:?} by {:?}: {answer}", model.tokens[caller]);
                if status < 300 {
                    note(&mut model, caller, &attempt, &answer);
                }
                *statuses.entry(status).or_insert(0) += 1;
            } else {
                // At the same moment: the result is that of one order or the other.
                let how = rng.u8(..5);
                let (lowered, (status, answer)) =
                    tokio::join!(lower(&api, &model, caller, how), send(&api, &model, caller, &attempt, number));
                let after = lowered.status(caller, &attempt);
                assert!(
                    status == before || status == after,
                    "{attempt:?} by {:?}, lowered by {how}: {status}, and not {before} or {after}: {answer}",
                    model.tokens[caller]
                );
                model = lowered;
                if status < 300 {
                    note(&mut model, caller, &attempt, &answer);
                }
                // Once the change was acknowledged, nothing is decided by what was before.
                let now = model.status(caller, &attempt);
                let (status, answer) = send(&api, &model, caller, &attempt, number + ATTEMPTS).await;
                assert_eq!(status, now, "{attempt:?} by {:?} after {how}", model.tokens[caller]);
                if status < 300 {
                    note(&mut model, caller, &attempt, &answer);
                }
            }
        }
        for caller in (0..model.tokens.len()).filter(|caller| model.works(*caller)) {
            let secret = Secret::new(model.tokens[caller].secret.clone());
            let path = "/api/v2/tokens?showAll=true&limit=1000";
            let list: Value = api.send(&secret, Method::GET, path, None).await.json().await.unwrap();
            assert_eq!(list["totalCount"], model.listed(caller), "{:?}", model.tokens[caller]);
        }
    }
    println!("{statuses:?}");
    for status in [200, 201, 204, 401, 403, 404] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
}
