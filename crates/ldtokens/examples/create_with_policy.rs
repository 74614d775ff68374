//! Creates a service token that may do one thing, and shows that it may do no other.
//!
//! `cargo run -p ldtokens --example create_with_policy`

use ldtokens::{Actions, Client, Error, NewToken, Overlap, Policy, Resources, Statement};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A local LaunchDarkly. For the real one: `let client = Client::from_env()?;`
    let server = ldtokens_server::Server::start().await?;
    let owner = server.owner_secret().expect("the server is new").clone();
    let client = Client::builder(owner).host(server.url()).build()?;

    let every_service_token = Resources::only(["service-token/*"]);
    let policy = Policy::new([Statement::allow(Actions::only(["resetAccessToken"]), every_service_token)])?;
    let rotator = client.create(&NewToken::new(policy).name("Rotator").service()).await?;
    let export = client.create(&NewToken::new(ldtokens::BaseRole::Reader).name("Export").service()).await?;

    let as_rotator = client.with_credential(rotator.secret)?;
    as_rotator.reset(&export.id, Overlap::None).await?;
    println!("the rotator resets service tokens");

    let refused = as_rotator.delete(&export.id).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    println!("but may not delete them: {}", refused.unwrap_err());
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
