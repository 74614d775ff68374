//! Random requests.

use std::time::Duration;

use fastrand::Rng;
use ldtokens_server::Server;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::cases::{Case, choice, seeds};
use crate::support::Api;
use crate::token_model::{ROLE, patched};

#[tokio::test]
async fn a_patch_does_what_the_model_does_and_a_refused_one_changes_nothing() {
    let mut api = Api::start().await;
    let (key, id) = ROLE;
    let account = format!(
        "members: [{{email: a@example.com, role: owner}}]
tokens: [{{name: Owner, member: a@example.com, role: admin}}]
customRoles: [{{key: {key}, id: {id}, policy: []}}]"
    );
    let builder = Server::builder().account(account.parse().unwrap()).clock(api.clock.clone());
    api.server = builder.start().await.unwrap();
    api.owner = api.server.owner_secret().unwrap().clone();
    let (mut path, mut before) = (String::new(), String::new());
    let text = async |path: &str| api.send(&api.owner, Method::GET, path, None).await.text().await.unwrap();
    let (mut applied, mut refused) = (0, 0);
    for (number, seed) in seeds(400).enumerate() {
        let (_case, mut rng) = Case::of(seed);
        if number % 50 == 0 {
            path = api.create(&permissions(&mut rng)).await.0;
            before = text(&path).await;
        }
        let shown = serde_json::from_str(&before).unwrap();
        let patch = patch(&mut rng, &shown);
        let body = match rng.u8(..4) {
            0 => json!({ "comment": choice(&mut rng, &[json!("why"), json!(1), json!(null)]), "patch": patch }),
            1 => json!({ "patch": patch }),
            _ => patch,
        };
        let answer = api.send(&api.owner, Method::PATCH, &path, Some(&body)).await;
        let (status, answer) = (answer.status().as_u16(), answer.text().await.unwrap());
        let now = text(&path).await;
        match patched(&shown, &body) {
            Ok(expected) => {
                assert_eq!(status, 200, "{before}\n{body}\n{answer}");
                assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), expected, "{before}\n{body}");
                assert_eq!(serde_json::from_str::<Value>(&now).unwrap(), expected, "{before}\n{body}");
                applied += 1;
            }
            Err(expected) => {
                assert_eq!(status, expected, "{before}\n{body}\n{answer}");
                assert_eq!(now, before, "{body}");
                refused += 1;
            }
        }
        before = now;
    }
    assert!(applied > 50 && refused > 150, "{applied} applied, {refused} refused");
}

/// Permissions that a token can be created with.
fn permissions(rng: &mut Rng) -> Value {
    let mut body = json!({ "name": "begun", "serviceToken": rng.bool() });
    match rng.u8(..3) {
        0 => body["role"] = json!("reader"),
        1 => body["customRoleIds"] = json!(["a", "b"]),
        _ => body["inlineRole"] = json!([statement(rng)]),
    }
    body
}

fn statement(rng: &mut Rng) -> Value {
    let mut statement = json!({ "effect": choice(rng, &["allow", "deny"]) });
    statement[choice(rng, &["actions", "notActions"])] = json!(["*"]);
    statement[choice(rng, &["resources", "notResources"])] = json!(["service-token/*", "proj/*"]);
    if rng.u8(..8) == 0 {
        statement["unheardOf"] = json!(1);
    }
    statement
}

/// A patch of the token `shown`. Some can be applied.
fn patch(rng: &mut Rng, shown: &Value) -> Value {
    let mut patch: Vec<Value> = (0..choice(rng, &[0, 1, 1, 2, 4])).map(|_| operation(rng)).collect();
    if rng.bool() {
        // What holds, and what leaves permissions of one kind.
        let name = choice(rng, &["_id", "role", "inlineRole", "customRoleIds", "serviceToken"]);
        let kinds = ["/role", "/customRoleIds", "/inlineRole"];
        let had = kinds.into_iter().find(|kind| shown.pointer(kind).is_some()).unwrap();
        let kind = choice(rng, &kinds);
        patch.insert(0, json!({ "op": "test", "path": format!("/{name}"), "value": shown[name] }));
        patch.insert(1, json!({ "op": "remove", "path": had }));
        patch.insert(2, json!({ "op": "add", "path": kind, "value": value_for(rng, kind) }));
        patch.drain(..rng.usize(..3));
    }
    patch.into()
}

/// An operation of a patch. Most can be applied.
fn operation(rng: &mut Rng) -> Value {
    let op = choice(rng, &["add", "add", "replace", "replace", "remove", "test", "move", "copy"]);
    let mut operation = json!({ "op": op, "path": pointer(rng) });
    if matches!(op, "move" | "copy") || rng.u8(..16) == 0 {
        operation["from"] = pointer(rng).into();
    }
    if !matches!(op, "move" | "copy" | "remove") || rng.u8(..16) == 0 {
        operation["value"] =
            if rng.u8(..4) > 0 { value_for(rng, operation["path"].as_str().unwrap()) } else { value(rng) };
    }
    match rng.u8(..64) {
        0 => drop(operation.as_object_mut().unwrap().remove(choice(rng, &["op", "path", "from", "value"]))),
        1 => operation[choice(rng, &["op", "path", "from"])] = value(rng),
        _ => {}
    }
    operation
}

fn pointer(rng: &mut Rng) -> &'static str {
    const LIKELY: [&str; 10] = [
        "/expiry",
        "/name",
        "/name",
        "/description",
        "/description",
        "/role",
        "/customRoleIds",
        "/customRoleIds/-",
        "/inlineRole",
        "/inlineRole/0",
    ];
    const UNLIKELY: [&str; 39] = [
        "",
        "",
        "",
        "/",
        "name",
        "/name/x",
        "/nam",
        "/name2",
        "/na~0me",
        "/na~1me",
        "/bad~2",
        "/bad~",
        "/customRoleIds/0",
        "/customRoleIds/1",
        "/customRoleIds/01",
        "/customRoleIds/+1",
        "/customRoleIds/-1",
        "/customRoleIds/99999999999999999999",
        "/inlineRole/-",
        "/inlineRole/1",
        "/inlineRole/0/effect",
        "/inlineRole/0/actions",
        "/inlineRole/0/actions/-",
        "/inlineRole/0/notActions",
        "/inlineRole/0/resources/0",
        "/inlineRole/0/unheardOf",
        "/_id",
        "/ownerId",
        "/memberId",
        "/creationDate",
        "/lastModified",
        "/lastUsed",
        "/token",
        "/serviceToken",
        "/defaultApiVersion",
        "/_links",
        "/_member/role",
        "/unheardOf",
        "/\u{fc}\u{0}",
    ];
    if rng.u8(..6) > 0 { choice(rng, &LIKELY) } else { choice(rng, &UNLIKELY) }
}

/// A value that is valid at `pointer`.
fn value_for(rng: &mut Rng, pointer: &str) -> Value {
    match pointer {
        "/role" => json!(choice(rng, &["reader", "writer", "admin"])),
        "/customRoleIds" => json!(choice(rng, &[vec![], vec!["a"], vec!["a", "b", "a"], vec![ROLE.1]])),
        "/inlineRole" => Value::from_iter((0..rng.usize(..3)).map(|_| statement(rng))),
        "/inlineRole/0" | "/inlineRole/1" | "/inlineRole/-" => statement(rng),
        "/expiry" => choice(
            rng,
            &[
                json!(1),
                json!(1_754_006_400_001_i64),
                json!(1.9e12),
                json!(253_402_300_799_999_i64),
                json!(0),
                json!(-1),
            ],
        ),
        _ => json!(choice(rng, &["", "reader", "begun", "a", "\u{1F511}\u{0}"])),
    }
}

/// Any JSON.
fn value(rng: &mut Rng) -> Value {
    match rng.u8(..10) {
        0 => Value::Null,
        1 => rng.bool().into(),
        2 => rng.i64(..).into(),
        3 => choice(rng, &[json!(0), json!(1.5), json!(u64::MAX), json!(1e300), json!(-1)]),
        4 => statement(rng),
        5 | 6 => Value::from_iter((0..rng.usize(..3)).map(|_| value(rng))),
        7 => (0..rng.usize(..3)).map(|_| (text(rng), value(rng))).collect(),
        _ => text(rng).into(),
    }
}

fn text(rng: &mut Rng) -> String {
    let length = choice(rng, &[0, 1, 3, 20, 500]);
    (0..length).map(|_| if rng.bool() { rng.alphanumeric() } else { rng.char(..) }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_gets_a_response_other_than_5xx() {
    let server = Server::builder().seed_tokens(40).read_timeout(Duration::from_secs(2)).start().await.unwrap();
    let owner = server.owner_secret().unwrap().expose().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let tokens = format!("{}/api/v2/tokens", server.url());
    let list = async || {
        let list = http.get(&tokens).header("Authorization", &owner).send().await.unwrap();
        assert_eq!(list.status(), StatusCode::OK);
        list.json::<Value>().await.unwrap()
    };
    let all = list().await;
    let ids: Vec<String> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["_id"].as_str().unwrap().to_owned())
        .skip(1)
        .collect();
    let mut under_way = JoinSet::new();
    for seed in seeds(1_000) {
        if under_way.len() >= 64 {
            under_way.join_next().await.unwrap().unwrap();
        }
        let (owner, ids, addr) = (owner.clone(), ids.clone(), server.addr());
        under_way.spawn(async move {
            let (_case, mut rng) = Case::of(seed);
            let id = choice(&mut rng, &ids);
            let is_request = rng.u8(..8) > 0;
            let sent = if is_request { request(&mut rng, &owner, &id) } else { noise(&mut rng) };
            let mut stream = TcpStream::connect(addr).await.unwrap();
            let mut answer = Vec::new();
            let exchange = async {
                // The server may have had enough before it has all.
                let _ = stream.write_all(&sent).await;
                if !is_request {
                    let _ = stream.shutdown().await;
                }
                let _ = stream.read_to_end(&mut answer).await;
            };
            let ended = tokio::time::timeout(Duration::from_secs(60), exchange).await;
            let (sent, answer) = (String::from_utf8_lossy(&sent), String::from_utf8_lossy(&answer));
            assert!(ended.is_ok(), "the connection hangs: {sent}");
            assert!(!answer.contains("HTTP/1.1 5"), "{sent}\n{answer}");
            assert!(!is_request || answer.starts_with("HTTP/1.1 "), "no answer: {sent}\n{answer}");
        });
    }
    while let Some(ended) = under_way.join_next().await {
        ended.unwrap();
    }
    assert_eq!(http.get(format!("{}/healthz", server.url())).send().await.unwrap().status(), 204);
    list().await;
}

/// Bytes that may start like a request.
fn noise(rng: &mut Rng) -> Vec<u8> {
    let mut bytes =
        choice(rng, &["", "GET ", "POST /api/v2/tokens HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"])
            .as_bytes()
            .to_vec();
    bytes.extend((0..choice(rng, &[1, 10, 100, 5_000])).map(|_| rng.u8(..)));
    bytes
}

/// A request whose head is valid HTTP, with random parts.
fn request(rng: &mut Rng, owner: &str, id: &str) -> Vec<u8> {
    let method = choice(rng, &["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "QUERY", "x"]);
    let path = choice(
        rng,
        &[
            "/api/v2/tokens",
            "/api/v2/tokens/ID",
            "/api/v2/tokens/ID/reset",
            "/api/v2/tokens/ANY",
            "/api/v2/caller-identity",
            "/api/v2/roles",
            "/api/v2/roles/ANY",
            "/api/v2/ANY",
            "/healthz",
            "/ANY",
            "*",
        ],
    );
    let any = visible(rng);
    let mut request = format!("{method} {}", path.replace("ID", id).replace("ANY", &any)).into_bytes();
    for _ in 0..rng.usize(..3) {
        let name = choice(rng, &["limit", "offset", "showAll", "expiry", "ANY"]).replace("ANY", &visible(rng));
        let value = choice(rng, &["1", "0", "true", "9223372036854775807", "-1", "1754006400000", "ANY"])
            .replace("ANY", &visible(rng));
        let sign = if request.contains(&b'?') { '&' } else { '?' };
        request.extend(format!("{sign}{name}={value}").into_bytes());
    }
    request.extend(b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    let any = bytes_of_header(rng);
    let named = [
        ("Authorization", choice(rng, &[owner, owner, owner, "nonsense"])),
        ("LD-API-Version", choice(rng, &["20240415", "20160426", "20191212", "beta", "2", ""])),
        ("Content-Type", choice(rng, &["application/json", "text/html; charset=utf-16", "multipart/form-data"])),
        ("X-HTTP-Method-Override", choice(rng, &["PATCH", "DELETE", "PUT", "patch", "TRACE", ""])),
        (choice(rng, &["Origin", "Accept", "Range", "If-Match", "Content-Encoding", "Cookie", "X-Any"]), "x"),
    ];
    for (name, likely) in named {
        let value = if rng.u8(..8) > 0 { likely.as_bytes() } else { &any };
        if rng.u8(..4) > 0 {
            request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
    }
    let body = body(rng);
    if rng.u8(..4) == 0 {
        request.extend(format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len()).into_bytes());
        request.extend([body.as_slice(), b"\r\n0\r\n\r\n"].concat());
    } else {
        // Seldom less than is there, or more.
        let length = if rng.u8(..32) > 0 { body.len() } else { rng.usize(..2 * body.len() + 2) };
        request.extend(format!("Content-Length: {length}\r\n\r\n").into_bytes());
        request.extend(body);
    }
    request
}

/// Characters of a path or a query, some of them percent-encoded.
fn visible(rng: &mut Rng) -> String {
    const LETTERS: &[u8] = b"abcXYZ019-._~%/?&=+;:@!$'()*,[]";
    let length = choice(rng, &[0, 1, 5, 24, 24, 1_000]);
    (0..length)
        .map(|_| {
            if rng.u8(..6) == 0 { format!("%{:02x}", rng.u8(..)) } else { char::from(choice(rng, LETTERS)).to_string() }
        })
        .collect()
}

/// Bytes of a header, some of them not ASCII.
fn bytes_of_header(rng: &mut Rng) -> Vec<u8> {
    let length = choice(rng, &[0, 1, 40, 1_000, 40_000]);
    (0..length).map(|_| if rng.bool() { rng.u8(0x20..0x7f) } else { rng.u8(0x80..) }).collect()
}

fn body(rng: &mut Rng) -> Vec<u8> {
    let json = match rng.u8(..12) {
        0 | 1 => return Vec::new(),
        2 => return (0..rng.usize(..200)).map(|_| rng.u8(..)).collect(),
        3 => {
            return choice(rng, &["[", "{\"a\":", "[{\"op\":"]).repeat(choice(rng, &[1, 100, 10_000])).into_bytes();
        }
        4 => return vec![b' '; choice(rng, &[1, 100_000, 300_000])],
        5..8 => (0..rng.usize(1..20)).map(|_| operation(rng)).collect(),
        8..10 => permissions(rng),
        _ => value(rng),
    };
    let mut text = json.to_string().into_bytes();
    if rng.u8(..4) == 0 {
        let at = rng.usize(..text.len());
        text[at] = rng.u8(..);
    }
    text
}
