//! What callers meet at the encrypted port: real sockets, real rustls clients, certificates made on the spot.

mod callers;
mod certificates;
mod client;
mod names;
mod problems;
mod reload;
mod server;
mod sessions;
mod versions;
