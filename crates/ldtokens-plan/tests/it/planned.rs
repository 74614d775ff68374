//! What is planned, and what is reported instead of guessed at.

use ldtokens::{BaseRole, NewToken, Patch};
use ldtokens_plan::{CustomRoles, Kind, Plan, TokensFile};
use serde_json::json;

use crate::local::{DAY, HOUR};
use crate::world::World;

#[tokio::test]
async fn tokens_without_a_marker_are_never_in_a_plan() {
    let world = World::new().await;
    let new = NewToken::new(BaseRole::Reader).name("Export").service();
    let _stranger = world.client.create(&new).await.unwrap();
    let plan = world.plan(&TokensFile::default()).await;
    assert!(plan.is_empty(), "{plan}");
    // Not even if one has the name of a token in the file.
    let plan = world.plan(&world.file("export", json!({}))).await;
    assert_eq!(plan.actions.len(), 1);
    assert_eq!((plan.actions[0].kind, &plan.actions[0].id), (Kind::Create, &None));
}

#[tokio::test]
async fn two_tokens_with_one_marker_are_a_problem_and_neither_is_touched() {
    let world = World::new().await;
    let file = world.file("export", json!({}));
    world.apply(&file).await;
    let twin = world.client.create(&NewToken::new(BaseRole::Reader).description("[ldtokens:export]")).await.unwrap();
    let plan = world.plan(&file).await;
    assert!(plan.actions.is_empty() && plan.problems[0].contains(twin.id.as_str()), "{plan}");
}

#[tokio::test]
async fn a_twin_that_expires_is_no_problem_if_the_destination_holds_the_other() {
    let world = World::new().await;
    let file = world.file("export", json!({}));
    world.apply(&file).await;
    // As after `ldtokens rotate --strategy replace`, which copies the description.
    let new = NewToken::new(BaseRole::Reader).name("Export").service().description("[ldtokens:export]");
    let twin = world.client.create(&new).await.unwrap();
    for token in world.tokens().await {
        if token.id != twin.id && token.description.as_deref() == Some("[ldtokens:export]") {
            let end = world.client.server_time() + std::time::Duration::from_secs(3600);
            world.client.update(&token.id, &Patch::new().expiry(end)).await.unwrap();
        }
    }
    std::fs::write(world.path("export"), twin.secret.expose()).unwrap();
    let plan = world.plan(&file).await;
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn a_foreign_edit_is_shown_and_undone() {
    let world = World::new().await;
    let file = world.file("export", json!({}));
    world.apply(&file).await;
    let id = world.current("export").await.id;
    world.client.update(&id, &Patch::new().name("Renamed").permissions(BaseRole::Admin)).await.unwrap();
    let plan = world.plan(&file).await;
    assert_eq!(
        plan.to_string(),
        "~ update  export (it differs from the file)\n    name: Renamed → Export\n    permissions: admin → reader\n1 to update."
    );
    world.apply(&file).await;
}

#[tokio::test]
async fn the_time_that_a_rotation_notes_is_no_drift() {
    let world = World::new().await;
    let file = world.file("export", json!({ "description": "Feeds the warehouse" }));
    world.apply(&file).await;
    let noted = "Feeds the warehouse [ldtokens:export] [ldtokens rotated 2026-01-31T12:00:00Z]";
    world.client.update(&world.current("export").await.id, &Patch::new().description(noted)).await.unwrap();
    let plan = world.plan(&file).await;
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn two_files_with_names_leave_each_others_tokens_alone() {
    let world = World::new().await;
    let named = |name: Option<&str>, path: &str| {
        let mut file = world.file("export", json!({ "destinations": [{ "file": world.path(path) }] }));
        file.name = name.map(str::to_owned);
        file
    };
    let files = [named(Some("prod"), "one"), named(Some("test"), "two"), named(None, "three")];
    for file in &files {
        world.apply(file).await;
    }
    for file in &files {
        let plan = world.plan(file).await;
        assert!(plan.is_empty() && plan.managed == 1, "{plan}");
    }
    assert_eq!((world.marked("prod/export").await.len(), world.marked("export").await.len()), (1, 1));
    let mut empty = files[0].clone();
    empty.tokens.clear();
    let plan = world.plan(&empty).await;
    assert_eq!((plan.actions.len(), plan.actions[0].kind, &*plan.actions[0].key), (1, Kind::Delete, "prod/export"));
    empty.name = Some("a b".to_owned());
    assert!(empty.check().unwrap_err().to_string().contains("the name of a file"));
}

#[tokio::test]
async fn blanks_around_a_description_are_no_change() {
    let world = World::new().await;
    for description in ["  Feeds the warehouse", "\tx\n", " "] {
        world.apply(&world.file("export", json!({ "description": description }))).await;
    }
}

#[tokio::test]
async fn a_token_that_ended_when_the_file_says_is_left_alone() {
    let world = World::new().await;
    let end = world.clock.now().saturating_add(DAY);
    let expiry = jiff::Timestamp::from_millisecond(end.get()).unwrap().to_string();
    let file = world.file("export", json!({ "expiry": expiry }));
    world.apply(&file).await;
    world.clock.advance(DAY + HOUR);
    let plan = world.plan(&file).await;
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn a_token_without_a_destination_is_not_created() {
    let world = World::new().await;
    let plan = world.plan(&world.file("export", json!({ "destinations": [] }))).await;
    assert!(plan.actions.is_empty() && plan.problems[0].contains("no destination"), "{plan}");
}

#[test]
fn a_file_that_contradicts_itself_is_refused_with_all_faults() {
    let file = |token| serde_json::from_value::<TokensFile>(json!({ "tokens": [token] }));
    for (token, fault) in [
        (json!({ "key": "a b", "name": "n", "role": "reader" }), "a key has"),
        (json!({ "key": "a", "name": "n" }), "one of role"),
        (json!({ "key": "a", "name": "n", "role": "raeder" }), "role is not"),
        (json!({ "key": "a", "name": "n", "role": "reader", "customRoleIds": ["x"] }), "one of role"),
        (json!({ "key": "a", "name": "n", "inlineRole": [{ "effect": "allow" }] }), "inlineRole"),
        (json!({ "key": "a", "name": "n", "role": "reader", "defaultApiVersion": 1 }), "version"),
        (
            json!({ "key": "a", "name": "n", "role": "reader", "lifetime": "9d", "expiry": "2030-01-01T00:00:00Z" }),
            "either",
        ),
        (json!({ "key": "a", "name": "n", "role": "reader", "expiry": "soon" }), "expiry"),
        (json!({ "key": "a", "name": "n", "role": "reader", "lifetime": "9d", "rotateAfter": "9d" }), "rotateAfter"),
        (json!({ "key": "a", "name": "n", "role": "reader", "lifetime": "1d" }), "overlap"),
        (json!({ "key": "a", "name": "n", "role": "reader", "rotateAfter": "0s" }), "zero"),
        (json!({ "key": "a", "name": "n", "role": "reader", "description": "x [ldtokens:b]" }), "marker"),
        (
            json!({ "key": "a", "name": "n", "role": "reader", "destinations": [{ "file": "x" }, { "file": "x" }] }),
            "twice",
        ),
        (
            json!({ "key": "a", "name": "n", "role": "reader", "destinations": [{ "file": "x" }, { "file": "./src/../x" }] }),
            "twice",
        ),
        (
            json!({ "key": "a", "name": "n", "role": "reader", "destinations": [
                { "envFile": { "path": "x", "variable": "A" } }, { "file": "x" },
            ]}),
            "twice",
        ),
        (
            json!({ "key": "a", "name": "n", "role": "reader", "destinations": [
                { "file": "x" }, { "envFile": { "path": "x", "variable": "A" } },
            ]}),
            "twice",
        ),
        (
            json!({ "key": "a", "name": "n", "role": "reader", "destinations": [{ "kubernetes": { "name": "My_S", "key": "k" } }] }),
            "`My_S` as the name",
        ),
    ] {
        let error = file(token.clone()).unwrap().check().unwrap_err().to_string();
        assert!(error.contains(fault), "{token}: {error}");
    }
    let two_variables = json!({ "key": "a", "name": "n", "role": "reader", "destinations": [
        { "envFile": { "path": "x", "variable": "A" } }, { "envFile": { "path": "x", "variable": "B" } },
    ]});
    file(two_variables).unwrap().check().unwrap();
    for typo in
        [json!({ "key": "a", "name": "n", "rol": "reader" }), json!({ "key": "a", "name": "n", "lifetime": "3m" })]
    {
        assert!(file(typo.clone()).is_err(), "{typo}");
    }
}

#[test]
fn markdown_of_a_hostile_name_stays_in_its_cell() {
    let plan: Plan = serde_json::from_value(json!({
        "accountId": null, "managed": 1, "problems": ["<script>|x|"],
        "actions": [{ "kind": "update", "key": "a", "name": "n", "reason": "r", "changes": [
            { "property": "name", "from": "</td>|\n# @all", "to": "[x](javascript:y)" }
        ]}],
    }))
    .unwrap();
    let text = plan.markdown();
    assert!(!text.contains("<script") && !text.contains("</td>") && !text.contains("\n# "), "{text}");
    assert!(text.contains("\\[x\\](javascript:y)") && text.contains("\\@all"), "{text}");
}

#[tokio::test]
async fn a_custom_role_whose_id_is_not_known_is_a_problem_and_no_change() {
    let world = World::new().await;
    let id = "0123456789abcdef01234567";
    let mut file = world.file("export", json!({ "role": null, "customRoleIds": [id] }));
    world.apply(&file).await;
    assert!(world.plan(&file).await.is_empty());
    file.tokens[0].custom_role_ids = vec!["deployers".to_owned()];
    let plan = world.plan(&file).await;
    assert!(plan.actions.is_empty() && plan.problems[0].contains("the custom role deployers is not known"), "{plan}");
}

#[tokio::test]
async fn a_custom_role_is_known_by_its_key_and_its_id() {
    let world = World::with_account(
        "{members: [{email: a@b.c, role: owner}], tokens: [{name: A, member: a@b.c, role: admin}],
          customRoles: [{key: ops, id: 0123456789abcdef01234567, policy: []}]}",
    )
    .await;
    let roles = CustomRoles::read(&world.client).await.unwrap();
    let id = "0123456789abcdef01234567";
    assert_eq!((roles.id("ops"), roles.id(id), roles.key(id), roles.key("other")), (id, id, "ops", "other"));
    assert!(roles.has("ops") && roles.has(id) && !roles.has("other"));
}

#[test]
fn relative_destinations_are_below_the_folder_of_their_file() {
    let tokens = |file: &str, env: &str| -> TokensFile {
        serde_json::from_value(json!({ "tokens": [{ "key": "a", "name": "n", "role": "reader", "destinations": [
            { "file": file }, { "envFile": { "path": env, "variable": "A" } }, { "file": "/x" }, { "file": "" },
            { "command": ["x"] },
        ]}]}))
        .unwrap()
    };
    assert_eq!(tokens("x", "a/.env").relative_to("/etc/it".as_ref()), tokens("/etc/it/x", "/etc/it/a/.env"));
}
