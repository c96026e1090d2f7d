//! An origin that answers everything with a page, in threads of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// Answers with so many bytes, until the process ends.
pub(crate) fn page(bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {bytes}\r\n\r\n");
    let page: Arc<[u8]> = [head.into_bytes(), vec![b'x'; bytes]].concat().into();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let page = Arc::clone(&page);
            std::thread::spawn(move || serve(&stream, &page));
        }
    });
    at
}

/// Ends with the connection: what a proxy cut off is of no interest here.
fn serve(stream: &TcpStream, page: &[u8]) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut lines = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while lines.read_line(&mut line).ok()? > 0 {
        let said = line.trim_end().to_ascii_lowercase();
        line.clear();
        if let Some(value) = said.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if said.is_empty() {
            lines.by_ref().take(std::mem::take(&mut length)).read_to_end(&mut Vec::new()).ok()?;
            (&*stream).write_all(page).ok()?;
        }
    }
    Some(())
}
