//! Terraform and apply take turns on one account: conformance/terraform.json has Terraform's requests.

use ldtokens::raw::reqwest::Method;
use ldtokens::{Operation, Token};
use ldtokens_plan::{Kind, TokensFile};
use serde_json::{Value, json};

use crate::world::World;

const STEPS: &str = include_str!("../../../../conformance/terraform.json");
const ACCOUNT: &str = include_str!("../../../../conformance/terraform-account.yaml");

/// The bodies of Terraform's updates that succeed, with custom roles by ID.
fn updates(roles: &[(&str, String)]) -> Vec<Value> {
    let mut text = STEPS.to_owned();
    for (name, id) in roles {
        text = text.replace(&format!("{{{name}}}"), id);
    }
    let steps: Vec<Value> = serde_json::from_str(&text).unwrap();
    let is_update = |step: &&Value| step["request"].as_str().unwrap().starts_with("PATCH") && step["status"] == 200;
    steps.iter().filter(is_update).map(|step| step["body"].clone()).collect()
}

/// The file's token with the name and the permissions that the patch sets.
fn as_patched(world: &World, patch: &Value) -> Option<TokensFile> {
    let mut more = json!({ "description": "Feeds the warehouse", "lifetime": "90d", "role": null });
    for operation in patch.as_array().unwrap().iter().filter(|operation| operation["op"] == "replace") {
        more[operation["path"].as_str().unwrap().trim_start_matches('/')] = operation["value"].clone();
    }
    let has_permissions = ["role", "customRoleIds", "inlineRole"].iter().any(|kind| !more[kind].is_null());
    has_permissions.then(|| world.file("export", more))
}

#[tokio::test]
async fn terraforms_updates_and_apply_take_turns_without_a_fight() {
    let world = World::with_account(ACCOUNT).await;
    let mut roles = Vec::new();
    for (name, key) in [("managers", "release-managers"), ("auditors", "auditors")] {
        let request = world.client.request(Operation::Other("role"), Method::GET, &format!("/roles/{key}"));
        let role: Value = request.send_json().await.unwrap();
        roles.push((name, role["_id"].as_str().unwrap().to_owned()));
    }
    let ours = world.file("export", json!({ "description": "Feeds the warehouse", "lifetime": "90d" }));
    world.apply(&ours).await;
    let (before, secret) = (world.current("export").await, world.secret("export").unwrap());
    let mut turns = 0;
    for patch in updates(&roles) {
        let Some(theirs) = as_patched(&world, &patch) else { continue };
        // What Terraform removes has to be there.
        let removed = patch.as_array().unwrap().iter().find(|operation| operation["op"] == "remove");
        let start = match removed.and_then(|operation| operation["path"].as_str()) {
            Some("/customRoleIds") => world.file(
                "export",
                json!({ "description": "Feeds the warehouse", "lifetime": "90d", "role": null, "customRoleIds": ["auditors"] }),
            ),
            Some("/inlineRole") => world.file(
                "export",
                json!({ "description": "Feeds the warehouse", "lifetime": "90d", "role": null,
                    "inlineRole": [{ "effect": "allow", "actions": ["*"], "resources": ["proj/*"] }] }),
            ),
            _ => ours.clone(),
        };
        world.apply(&start).await;
        let path = format!("/tokens/{}", before.id);
        let request = world.client.request(Operation::Other("update"), Method::PATCH, &path).json(&patch);
        let _: Token = request.send_json().await.unwrap();
        let now = world.current("export").await;
        assert_eq!((&now.description, now.expiry), (&before.description, before.expiry), "{patch}");
        // To the file that says the same, nothing differs; to another, only what Terraform changed.
        let plan = world.plan(&theirs).await;
        assert!(plan.is_empty(), "{patch}: {plan}");
        let plan = world.plan(&start).await;
        assert_eq!(plan.actions[0].kind, Kind::Update, "{patch}: {plan}");
        let changes = plan.actions[0].changes.iter();
        assert!(changes.clone().all(|change| ["name", "permissions"].contains(&&*change.property)), "{patch}: {plan}");
        turns += 1;
    }
    assert!(turns >= 6, "{turns}");
    world.apply(&ours).await;
    assert_eq!(world.owner_of(&secret).await, Some(before.id));
}
