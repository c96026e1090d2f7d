//! Cuts whose `nft` says no, or goes: what else is cut off stays so, or is told.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::*;

const ONE: Ipv4Addr = Ipv4Addr::new(127, 199, 2, 1);
const TWO: Ipv4Addr = Ipv4Addr::new(127, 199, 2, 2);
const SHORT: Duration = Duration::from_millis(300);

fn may_cut() -> bool {
    let listed = std::process::Command::new("nft").args(["list", "tables"]).output();
    let may = listed.is_ok_and(|output| output.status.success());
    if !may {
        println!("skipped: the network's rules can only be changed by root, with nft");
    }
    may
}

/// Whether something that listens at this address is reached.
async fn reached(address: Ipv4Addr) -> bool {
    let listener = TcpListener::bind((address, 0)).await.expect("a port");
    let at = listener.local_addr().expect("an address");
    timeout(SHORT, TcpStream::connect(at)).await.is_ok_and(|connected| connected.is_ok())
}

/// Ends the `nft` behind the table.
async fn end_nft(cuts: &Cuts) {
    let mut state = cuts.state.lock().await;
    state.table.as_mut().expect("a table").nft.kill().await.expect("it ends");
}

#[tokio::test]
async fn what_is_cut_off_stays_so_when_nft_refuses_and_when_it_ends() {
    if !may_cut() {
        return;
    }
    let cuts = Cuts::default();
    cuts.set("one", ONE, true).await.expect("cut off");
    let refused = cuts.state.lock().await.table.as_mut().expect("a table").tell("add nonsense").await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert!(!reached(ONE).await, "its table holds");
    cuts.set("two", TWO, true).await.expect("cut off by another table");
    assert!(!reached(ONE).await && !reached(TWO).await);
    end_nft(&cuts).await;
    cuts.set("two", TWO, false).await.expect("mended by another table");
    assert!(!reached(ONE).await && reached(TWO).await);
    cuts.set("one", ONE, false).await.expect("mended");
    assert!(reached(ONE).await);
}

#[tokio::test]
async fn every_task_whose_cut_has_lapsed_is_named_once_and_cut_off_again_with_the_next_change() {
    if !may_cut() {
        return;
    }
    let mut cuts = Cuts::default();
    cuts.set("one", ONE, true).await.expect("cut off");
    end_nft(&cuts).await;
    cuts.nft = "/no/such/nft".into();
    let failed = cuts.set("two", TWO, true).await.expect_err("there is no nft");
    assert!(failed.error.to_string().contains("there is no nft"), "{:?}", failed.error);
    assert_eq!(failed.lapsed, ["one"]);
    let failed = cuts.set("two", TWO, true).await.expect_err("there is no nft");
    assert_eq!(failed.lapsed, [""; 0]);
    cuts.nft = "nft".into();
    cuts.set("two", TWO, true).await.expect("cut off");
    assert!(!reached(ONE).await && !reached(TWO).await);
}

#[tokio::test]
async fn what_was_never_cut_off_is_mended_without_nft() {
    let cuts = Cuts { nft: "/no/such/nft".into(), ..Cuts::default() };
    assert!(cuts.set("one", ONE, true).await.is_err());
    cuts.set("one", ONE, false).await.expect("nothing to do");
}
