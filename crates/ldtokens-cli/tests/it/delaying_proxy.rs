//! A proxy that holds back the server's responses until the test releases them. Responses to `caller-identity` pass at once.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const NOT_DELAYED: &[u8] = b"GET /api/v2/caller-identity ";

pub struct DelayingProxy {
    pub url: String,
    requests: Receiver<()>,
    released: Arc<(Mutex<bool>, Condvar)>,
}

impl DelayingProxy {
    /// A proxy for the server at `url`.
    pub fn start(url: &str) -> Self {
        Self::delaying(url, NOT_DELAYED)
    }

    /// A proxy that holds back only the responses to requests that change something.
    pub fn of_writes(url: &str) -> Self {
        Self::delaying(url, b"GET ")
    }

    fn delaying(url: &str, passing: &'static [u8]) -> Self {
        let server = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, requests) = channel();
        let released = Arc::new((Mutex::new(false), Condvar::new()));
        let all_released = released.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (from_client, to_server, arrived) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap(), arrived.clone());
                let passes = Arc::new(AtomicBool::new(false));
                let (released, response_passes) = (all_released.clone(), passes.clone());
                std::thread::spawn(move || pass_requests(from_client, to_server, &arrived, &passes, passing));
                std::thread::spawn(move || pass_responses(server, client, &released, &response_passes));
            }
        });
        Self { url, requests, released }
    }

    /// Waits until a request was sent to the server.
    pub fn wait_for_request(&self) {
        self.requests.recv_timeout(Duration::from_secs(30)).expect("a request comes");
    }

    /// Holds back the responses from now on.
    pub fn hold_back(&self) {
        while self.requests.try_recv().is_ok() {}
        *self.released.0.lock().unwrap() = false;
    }

    /// Lets all responses pass from now on.
    pub fn release(&self) {
        *self.released.0.lock().unwrap() = true;
        self.released.1.notify_all();
    }
}

fn pass_requests(
    mut client: TcpStream,
    mut server: TcpStream,
    arrived: &Sender<()>,
    passes: &AtomicBool,
    passing: &[u8],
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        passes.store(buffer.starts_with(passing), Ordering::SeqCst);
        if server.write_all(&buffer[..count]).is_err() {
            break;
        }
        if !passes.load(Ordering::SeqCst) {
            let _ = arrived.send(());
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn pass_responses(
    mut server: TcpStream,
    mut client: TcpStream,
    (is_released, changed): &(Mutex<bool>, Condvar),
    passes: &AtomicBool,
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        if !passes.load(Ordering::SeqCst) {
            drop(changed.wait_while(is_released.lock().unwrap(), |is_released| !*is_released).unwrap());
        }
        if client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
