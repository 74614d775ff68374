//! A way to the server whose answers wait until the test lets them pass. The question who the caller is passes freely.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const IDENTITY: &[u8] = b"GET /api/v2/caller-identity ";

pub struct Gate {
    pub url: String,
    arrivals: Receiver<()>,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    /// A closed gate before the server at `url`.
    pub fn before(url: &str) -> Self {
        let server = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, arrivals) = channel();
        let open = Arc::new((Mutex::new(false), Condvar::new()));
        let gate = open.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (from_client, to_server, arrived) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap(), arrived.clone());
                let is_free = Arc::new(AtomicBool::new(false));
                let (gate, passes) = (gate.clone(), is_free.clone());
                std::thread::spawn(move || pass_requests(from_client, to_server, &arrived, &is_free));
                std::thread::spawn(move || pass_answers(server, client, &gate, &passes));
            }
        });
        Self { url, arrivals, open }
    }

    /// Waits until a request is under way.
    pub fn arrival(&self) {
        self.arrivals.recv_timeout(Duration::from_secs(30)).expect("a request comes");
    }

    /// Lets all answers pass, from now on.
    pub fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

fn pass_requests(mut client: TcpStream, mut server: TcpStream, arrived: &Sender<()>, is_free: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        is_free.store(buffer.starts_with(IDENTITY), Ordering::SeqCst);
        if server.write_all(&buffer[..count]).is_err() {
            break;
        }
        if !is_free.load(Ordering::SeqCst) {
            let _ = arrived.send(());
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn pass_answers(
    mut server: TcpStream,
    mut client: TcpStream,
    (open, opened): &(Mutex<bool>, Condvar),
    is_free: &AtomicBool,
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        if !is_free.load(Ordering::SeqCst) {
            drop(opened.wait_while(open.lock().unwrap(), |is_open| !*is_open).unwrap());
        }
        if client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
