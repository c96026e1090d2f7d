//! Cuts addresses of this machine off its network: packets from and to them are dropped where they arrive, silently, as
//! on a network that has been split.
//!
//! The rules are in an nftables table that belongs to an `nft` which this program keeps open: when this program ends,
//! however it ends, `nft` reads the end of its input, ends too, and the kernel removes the table (`flags owner`,
//! nftables 0.9.9 and Linux 5.12). It takes the right to change the network's rules (root, or `CAP_NET_ADMIN`).

use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long `nft` may take for what it is told.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Why an address cannot be cut off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// `nft` cannot be started.
    #[error("cannot start nft")]
    Start(#[source] io::Error),
    /// It cannot be told anything any more.
    #[error("nft has ended")]
    Ended(#[source] io::Error),
    /// It does not answer.
    #[error("nft has not answered for {ANSWERS_WITHIN:?}")]
    Silent,
    /// It said no.
    #[error("nft refuses: {0}")]
    Refused(String),
}

/// The addresses that are cut off.
#[derive(Debug, Default)]
pub(crate) struct Cuts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    table: Option<Table>,
    addresses: BTreeSet<Ipv4Addr>,
}

impl Cuts {
    /// Cuts the address off, or mends it. What is so already stays as it is.
    pub(crate) async fn set(&self, address: Ipv4Addr, cut: bool) -> Result<(), Error> {
        let mut state = self.0.lock().await;
        let mut addresses = state.addresses.clone();
        let changed = if cut { addresses.insert(address) } else { addresses.remove(&address) };
        if !changed {
            return Ok(());
        }
        // A table that failed is not kept: with its owner's end the kernel removes it, and the next call makes another.
        let mut table = match state.table.take() {
            Some(table) => table,
            None => Table::new().await?,
        };
        table.drop_packets_of(&addresses).await?;
        *state = State { table: Some(table), addresses };
        Ok(())
    }
}

/// The table, while its `nft` lives.
#[derive(Debug)]
struct Table {
    name: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _nft: Child,
}

impl Table {
    async fn new() -> Result<Table, Error> {
        // What it says of errors comes in the order of what it says of the rest.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec nft -i 2>&1"]).env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut nft = command.spawn().map_err(Error::Start)?;
        let missing = || Error::Ended(io::ErrorKind::BrokenPipe.into());
        let input = nft.stdin.take().ok_or_else(missing)?;
        let output = BufReader::new(nft.stdout.take().ok_or_else(missing)?).lines();
        let name = format!("local_aws_{}", uuid::Uuid::new_v4().simple());
        let mut table = Table { name, input, output, _nft: nft };
        let name = &table.name;
        let rules = format!(
            "add table inet {name} {{ flags owner; }}; \
             add chain inet {name} input {{ type filter hook input priority 0; policy accept; }}"
        );
        table.tell(&rules).await?;
        Ok(table)
    }

    /// Replaces the rules by those for these addresses, in one transaction.
    async fn drop_packets_of(&mut self, addresses: &BTreeSet<Ipv4Addr>) -> Result<(), Error> {
        let name = &self.name;
        let mut rules = format!("flush chain inet {name} input");
        for address in addresses {
            for side in ["saddr", "daddr"] {
                rules.push_str(&format!("; add rule inet {name} input ip {side} {address} drop"));
            }
        }
        self.tell(&rules).await
    }

    /// Tells `nft` and waits until it has done it: it shows the chain then, if it could make it.
    async fn tell(&mut self, commands: &str) -> Result<(), Error> {
        let all = format!("{commands}\nlist chain inet {} input\n", self.name);
        self.input.write_all(all.as_bytes()).await.map_err(Error::Ended)?;
        let shown = timeout(ANSWERS_WITHIN, self.shown()).await.map_err(|_| Error::Silent)?;
        shown.map_err(Error::Ended)?.map_err(Error::Refused)
    }

    /// Reads until the chain has been shown, or an error has.
    async fn shown(&mut self) -> io::Result<Result<(), String>> {
        let mut begun = false;
        while let Some(line) = self.output.next_line().await? {
            if line.contains("nft: not found") {
                return Ok(Err("there is no nft; Debian's package nftables has it".to_owned()));
            }
            if let Some((_, error)) = line.split_once("Error: ") {
                return Ok(Err(error.to_owned()));
            }
            begun |= line.contains(&format!("table inet {}", self.name));
            // The last line of what is shown is the only one that begins with its bracket.
            if begun && line == "}" {
                return Ok(Ok(()));
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
