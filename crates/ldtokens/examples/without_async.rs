//! Calls from a program that is not asynchronous: it keeps a small runtime and waits for each call.
//!
//! `cargo run -p ldtokens --example without_async`

use ldtokens::{BaseRole, Client, NewToken};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // On this thread; it starts no others. It needs tokio's features `rt`, `net` and `time`.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A local LaunchDarkly. For the real one: `let client = Client::from_env()?;`
    let server = runtime.block_on(ldtokens_server::Server::start())?;
    let owner = server.owner_secret().expect("the server is new").clone();
    let client = Client::builder(owner).host(server.url()).build()?;

    let token = runtime.block_on(client.create(&NewToken::new(BaseRole::Reader).name("Export")))?;
    let found = runtime.block_on(client.get(&token.id))?;
    println!("{} is {:?}", found.id, found.name);
    assert_eq!(found.name.as_deref(), Some("Export"));

    // A stream, one token at a time.
    let mut tokens = client.list().stream();
    let mut count = 0;
    while let Some(token) = runtime.block_on(tokens.next()) {
        token?;
        count += 1;
    }
    assert_eq!(count, 2, "the owner's token and the new one");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
