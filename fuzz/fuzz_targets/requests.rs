//! Bodies of creates and patches, sent to the local server over a socket: it refuses or carries out each, and never fails.
#![no_main]

use std::sync::LazyLock;

use ldtokens_client::reqwest::{Client, Method};
use ldtokens_server::Server;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

struct World {
    runtime: Runtime,
    server: Server,
    client: Client,
    token: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (server, client, token) = runtime.block_on(async {
        let server = Server::builder().seed_tokens(1).start().await.unwrap();
        let client = Client::new();
        let list = client.get(format!("{}/api/v2/tokens?showAll=true", server.url()));
        let owner = server.owner_secret().unwrap().expose();
        let list = list.header("Authorization", owner).send().await.unwrap().bytes().await.unwrap();
        let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
        let of_others = list["items"].as_array().unwrap().iter().find(|token| token["name"] != "root").unwrap();
        let token = of_others["_id"].as_str().unwrap().to_owned();
        (server, client, token)
    });
    World { runtime, server, client, token }
});

fuzz_target!(|input: (bool, &[u8])| {
    let (creates, body) = input;
    let World { runtime, server, client, token } = &*WORLD;
    let (method, path) = if creates { (Method::POST, String::new()) } else { (Method::PATCH, format!("/{token}")) };
    let request = client
        .request(method, format!("{}/api/v2/tokens{path}", server.url()))
        .header("Authorization", server.owner_secret().unwrap().expose())
        .header("Content-Type", "application/json")
        .body(body.to_vec());
    let status = runtime.block_on(request.send()).expect("a response").status();
    assert!(!status.is_server_error(), "{status}");
});
