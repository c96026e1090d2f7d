//! Cuts addresses of this machine off its network: packets from and to them are dropped where they arrive, silently, as
//! on a network that has been split.
//!
//! The rules are in an nftables table that belongs to an `nft` which this program keeps open: when this program ends,
//! however it ends, `nft` reads the end of its input, ends too, and the kernel removes the table (`flags owner`,
//! nftables 0.9.9 and Linux 5.12). It takes the right to change the network's rules (root, or `CAP_NET_ADMIN`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
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

/// An address is not as it is to be.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Why.
    pub(crate) error: Error,
    /// The other tasks that were cut off until now and are no longer, by id.
    pub(crate) lapsed: Vec<String>,
}

/// The addresses that are cut off.
#[derive(Debug)]
pub(crate) struct Cuts {
    nft: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    table: Option<Table>,
    /// What is to be cut off: the address, and whose it is.
    wanted: BTreeMap<Ipv4Addr, String>,
    /// What the table holds.
    held: BTreeSet<Ipv4Addr>,
}

impl Default for Cuts {
    fn default() -> Self {
        Cuts { nft: "nft".into(), state: Mutex::default() }
    }
}

impl Cuts {
    /// Cuts a task's address off, or mends it. What is so already stays as it is; what failed before is tried again with
    /// the next change.
    pub(crate) async fn set(&self, task: &str, address: Ipv4Addr, cut: bool) -> Result<(), Failed> {
        let mut state = self.state.lock().await;
        match cut {
            true => drop(state.wanted.insert(address, task.to_owned())),
            false => drop(state.wanted.remove(&address)),
        }
        let wanted: BTreeSet<Ipv4Addr> = state.wanted.keys().copied().collect();
        if wanted == state.held {
            return Ok(());
        }
        let Err(error) = state.hold(&self.nft, wanted).await else { return Ok(()) };
        Err(Failed { error, lapsed: state.lapsed(address) })
    }
}

impl State {
    /// Makes the table hold these. One that has failed goes only when another holds them: what it holds stays cut off
    /// meanwhile.
    async fn hold(&mut self, nft: &Path, wanted: BTreeSet<Ipv4Addr>) -> Result<(), Error> {
        let told = match &mut self.table {
            Some(table) if table.in_step => table.drop_packets_of(&wanted).await.is_ok(),
            Some(_) | None => false,
        };
        if !told {
            let mut table = Table::new(nft).await?;
            table.drop_packets_of(&wanted).await?;
            self.table = Some(table);
        }
        self.held = wanted;
        Ok(())
    }

    /// The tasks whose cut went with the table's `nft`, but for the one with this address.
    fn lapsed(&mut self, but: Ipv4Addr) -> Vec<String> {
        if self.table.as_mut().is_some_and(Table::lives) {
            return Vec::new();
        }
        self.table = None;
        let held = std::mem::take(&mut self.held);
        let others = held.iter().filter(|address| **address != but);
        others.filter_map(|address| self.wanted.get(address).cloned()).collect()
    }
}

/// The table, while its `nft` lives.
#[derive(Debug)]
struct Table {
    name: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    nft: Child,
    /// Whether what it says next belongs to what it is told next.
    in_step: bool,
}

impl Table {
    async fn new(nft: &Path) -> Result<Table, Error> {
        // What it says of errors comes in the order of what it says of the rest.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec \"$0\" -i 2>&1"]).arg(nft).env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut nft = command.spawn().map_err(Error::Start)?;
        let missing = || Error::Ended(io::ErrorKind::BrokenPipe.into());
        let input = nft.stdin.take().ok_or_else(missing)?;
        let output = BufReader::new(nft.stdout.take().ok_or_else(missing)?).lines();
        let name = format!("local_aws_{}", uuid::Uuid::new_v4().simple());
        let mut table = Table { name, input, output, nft, in_step: true };
        let name = &table.name;
        let rules = format!(
            "add table inet {name} {{ flags owner; }}; \
             add chain inet {name} input {{ type filter hook input priority 0; policy accept; }}"
        );
        table.tell(&rules).await?;
        Ok(table)
    }

    /// Whether the kernel still has it.
    fn lives(&mut self) -> bool {
        matches!(self.nft.try_wait(), Ok(None))
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
        self.in_step = false;
        let all = format!("{commands}\nlist chain inet {} input\n", self.name);
        let written = self.input.write_all(all.as_bytes()).await;
        let shown = timeout(ANSWERS_WITHIN, self.shown()).await.map_err(|_| Error::Silent)?;
        // One that has ended may have said why.
        shown.map_err(Error::Ended)?.map_err(Error::Refused)?;
        written.map_err(Error::Ended)?;
        self.in_step = true;
        Ok(())
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

#[cfg(test)]
mod tests;
