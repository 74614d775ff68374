//! Many tokens for a new store, the same ones each time.

use serde_json::{Value, json};

use crate::operations::token_rules::new_token;
use crate::response::ApiError;
use crate::store::{CustomRole, Member, Records};

const JOBS: [&str; 10] = [
    "Nightly export",
    "Flag cleanup",
    "Terraform",
    "Release bot",
    "Audit",
    "Canary",
    "Code references",
    "Warehouse sync",
    "Incident switch",
    "Dashboard",
];
const TEAMS: [&str; 8] = ["payments", "search", "mobile", "growth", "platform", "billing", "security", "web"];

/// No token is newer than 1 January 2025, so that the tokens are the same whenever the store is made.
const LATEST: i64 = 1_735_689_600_000;
const DAY: i64 = 86_400_000;
const TOKENS_PER_MEMBER: u32 = 25;

/// Adds `count` tokens, a member for every 25 of them, and two custom roles. Nobody has the tokens' secrets.
pub(super) fn add(records: &Records<'_>, count: u32) -> Result<(), ApiError> {
    if count == 0 {
        return Ok(());
    }
    let mut random = fastrand::Rng::with_seed(20_240_415);
    for (number, key) in ["seeded-rotators", "seeded-auditors"].into_iter().enumerate() {
        let actions = if number == 0 { json!(["resetAccessToken"]) } else { json!(["updateAccessTokenDescription"]) };
        let policy = json!([{ "effect": "allow", "actions": actions, "resources": ["service-token/*"] }]);
        let policy = serde_json::from_value(policy).map_err(|_| ApiError::INTERNAL)?;
        let id = custom_role_id(number);
        records.add_custom_role(&CustomRole { id, key: key.to_owned(), name: key.to_owned(), policy })?;
    }
    let members: Vec<Member> = (0..count.div_ceil(TOKENS_PER_MEMBER)).map(member).collect();
    for member in &members {
        records.add_member(member)?;
    }
    let owner = records.owner_id()?;
    records.add_many(|| {
        for number in 0..count {
            let member = &members[random.usize(..members.len())];
            let created = LATEST - random.i64(1..1000) * DAY - random.i64(0..DAY);
            let mut token =
                new_token(format!("5eed{number:020x}"), &body(&mut random, number), &owner, member.clone(), created)?;
            token.properties["token"] = format!("{:04x}", random.u16(..)).into();
            token.last_used = (random.u8(..4) > 0).then(|| created + random.i64(0..LATEST - created));
            records.add_token(&token)?;
        }
        Ok(())
    })
}

/// The ID of the first custom role or of the second.
fn custom_role_id(number: usize) -> String {
    format!("5eed0001{number:016x}")
}

fn member(number: u32) -> Member {
    let roles = ["reader", "writer", "writer", "admin"];
    Member {
        id: format!("5eed0002{number:016x}"),
        email: format!("member{number}@example.com"),
        role: roles[number as usize % roles.len()].to_owned(),
        first_name: "Member".to_owned(),
        last_name: number.to_string(),
        custom_roles: Vec::new(),
        is_removed: false,
    }
}

fn body(random: &mut fastrand::Rng, number: u32) -> Value {
    let (job, team) = (JOBS[random.usize(..JOBS.len())], TEAMS[random.usize(..TEAMS.len())]);
    let mut body = json!({
        "name": format!("{job} {number}"),
        "description": format!("{job} for {team}"),
        "serviceToken": random.u8(..10) < 7,
        "defaultApiVersion": if random.u8(..5) == 0 { 20_220_603 } else { 20_240_415 },
    });
    match random.u8(..10) {
        0 => body["customRoleIds"] = json!([custom_role_id(usize::from(!random.bool()))]),
        1 => {
            let resource = format!("proj/{team}:env/*:flag/*");
            body["inlineRole"] = json!([{ "effect": "allow", "actions": ["*"], "resources": [resource] }]);
        }
        2 => body["role"] = json!("admin"),
        3..6 => body["role"] = json!("writer"),
        _ => body["role"] = json!("reader"),
    }
    body
}
