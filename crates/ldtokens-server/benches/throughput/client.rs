//! A client that does as little as possible.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.set_nodelay(true).expect("it is TCP");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends a request and returns the body of the response, which must be a success.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> &[u8] {
        let (body, length) = self.head(request).await;
        let length = length.expect("the response has a length");
        while self.buffer.len() < body + length {
            self.read().await;
        }
        &self.buffer[body..]
    }

    /// Sends a request for a list and returns the size of the response, with a length or in chunks.
    pub(crate) async fn read_list(&mut self, request: &[u8]) -> usize {
        const END: &[u8] = b"\r\n0\r\n\r\n";
        let (body, length) = self.head(request).await;
        self.buffer.drain(..body);
        let mut count = 0;
        loop {
            let is_whole = match length {
                Some(length) => count + self.buffer.len() >= length,
                None => self.buffer.ends_with(END),
            };
            if is_whole {
                return count + self.buffer.len();
            }
            // Keeps the last bytes, in which the end may start.
            let done = self.buffer.len().saturating_sub(END.len() - 1);
            self.buffer.drain(..done);
            count += done;
            self.read().await;
        }
    }

    /// Sends a request. Returns where the body starts in the buffer, and its length if the head has it.
    async fn head(&mut self, request: &[u8]) -> (usize, Option<usize>) {
        self.stream.write_all(request).await.expect("the server listens");
        self.buffer.clear();
        loop {
            self.read().await;
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).expect("a head is text");
            assert!(head.starts_with("HTTP/1.1 20"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            return (end + 4, length.and_then(|length| length.parse().ok()));
        }
    }

    async fn read(&mut self) {
        self.buffer.reserve(64 * 1024);
        let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
        assert!(read > 0, "the server hung up");
    }
}
