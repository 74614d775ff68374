//! The blocking client. That it works as the async one is our choice; RFC 9112 (9.3) lets a server close an idle connection.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use ldtokens::blocking;
use ldtokens::{Client, Error, Overlap, Patch};
use tokio::runtime::Runtime;

use crate::support::{client, reader, server};

#[test]
fn every_operation_works_without_async() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(server());
    let client = blocking::Client::new(client(&server)).unwrap();

    let issued = client.create(&reader("a")).unwrap();
    let mut stored = None;
    let second = client.create_or_recover(&reader("b"), |issued| -> Result<(), Error> {
        stored = Some(issued.secret.clone());
        Ok(())
    });
    assert_eq!(stored.as_ref(), Some(&second.unwrap().secret));
    assert_eq!(client.get(&issued.id).unwrap().name.as_deref(), Some("a"));
    assert_eq!(client.update(&issued.id, &Patch::new().name("c")).unwrap().name.as_deref(), Some("c"));
    let edited = client.edit(&issued.id, |token| token.description = Some("d".into())).unwrap();
    assert_eq!(edited.description.as_deref(), Some("d"));
    let reset = client.reset(&issued.id, Overlap::None).unwrap();
    assert_ne!(reset.secret, issued.secret);
    assert!(client.whoami().unwrap().member_id.is_some());
    let page = client.run(async |client| client.list().page_size(1).send().await).unwrap();
    assert!(page.next.unwrap().is_some());

    let ids = |client: &blocking::Client| -> Vec<String> {
        client.list(|list| list.all_members(true).page_size(1)).map(|token| token.unwrap().id.to_string()).collect()
    };
    assert!(ids(&client).contains(&issued.id.to_string()));
    client.delete(&issued.id).unwrap();
    assert!(!ids(&client).contains(&issued.id.to_string()));
    assert!(matches!(client.get(&issued.id), Err(Error::NotFound(_))));
}

/// Else the next create would be sent on a closed connection, and its outcome would be unknown.
#[test]
fn a_connection_that_the_server_closes_between_calls_is_closed_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let (call_ended, wait_for_end) = std::sync::mpsc::channel();
    let stub = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"\r\n\r\n") {
            let read = connection.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
        }
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        wait_for_end.recv().unwrap();
        connection.shutdown(std::net::Shutdown::Write).unwrap();
        connection.read(&mut buffer)
    });
    let client = Client::builder("api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b").host(host).build().unwrap();
    let client = blocking::Client::new(client).unwrap();
    client.whoami().unwrap();
    call_ended.send(()).unwrap();
    assert_eq!(stub.join().unwrap().unwrap(), 0, "the client has closed its side");
}

#[test]
fn clones_can_be_used_from_several_threads() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(server());
    let client = blocking::Client::new(client(&server)).unwrap();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let client = client.clone();
            scope.spawn(move || client.create(&reader(name)).unwrap());
        }
    });
    let names: Vec<String> =
        client.list(|list| list.all_members(true)).filter_map(|token| token.unwrap().name).collect();
    assert!(["a", "b", "c", "d"].iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
}

/// Dropping its runtime there would wait, and so panic, after the work was done.
#[tokio::test]
async fn a_blocking_client_can_be_dropped_in_async_code() {
    let client = Client::builder("api-0b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b").build().unwrap();
    drop(blocking::Client::new(client).unwrap());
}
