//! `cargo demo`: the whole system on this machine, from zero to zero. See `cargo demo -- --help`.

mod cycle;
mod paint;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use e2e::binaries::Binaries;
use e2e::definitions::Pace;
use e2e::timeline::{Timeline, Weight};
use e2e::world::{Options, World};
use tokio::signal::unix::{SignalKind, signal};

use crate::paint::Paint;

fn command() -> Command {
    let setting = |name: &'static str, value: &'static str, default: &'static str| {
        Arg::new(name).long(name).value_name(value).default_value(default)
    };
    Command::new("cargo demo --")
        .about("The whole of Doze on this machine, as processes: a small AWS, a resident proxy, and a service that sleeps.")
        .after_help("Nothing but Rust is needed. Ctrl-C ends it and leaves nothing running.")
        .arg(Arg::new("once").long("once").action(ArgAction::SetTrue).help(
            "Go through one cycle from zero to zero, check each step, print how long it took; exit 0, or 1 with what failed",
        ))
        .arg(
            setting("listen", "ADDR:PORT", "127.0.0.1:9060")
                .value_parser(clap::value_parser!(SocketAddr))
                .help("Where the proxy listens"),
        )
        .arg(
            setting("page", "ADDR:PORT", "127.0.0.1:4566")
                .value_parser(clap::value_parser!(SocketAddr))
                .help("Where local-aws listens, its page and its APIs"),
        )
        .arg(duration("idle-timeout", "10s", "After how long without use the service goes to sleep"))
        .arg(duration("idle-grace", "5s", "For how long a host stays when it is empty"))
        .arg(duration("app-start", "1s", "How long the demo app takes to start"))
        .arg(Arg::new("details").long("details").action(ArgAction::SetTrue).help("Print every line of every program"))
}

fn duration(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("DURATION")
        .default_value(default)
        .value_parser(|text: &str| daemon::parse::positive_duration(text).map_err(|e| format!("expected {e}")))
        .help(help)
}

fn options(matches: &ArgMatches) -> Options {
    let address = |name: &str| matches.get_one::<SocketAddr>(name).copied();
    let length = |name: &str| *matches.get_one::<Duration>(name).expect("it has a default");
    Options {
        pace: Pace { idle: length("idle-timeout"), app_start: length("app-start") },
        idle_grace: length("idle-grace"),
        page: address("page"),
        proxy: address("listen"),
        ..Options::default()
    }
}

fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(told) => {
            // What clap says goes where it belongs; only its exit code is ours.
            let _ = told.print();
            return ExitCode::from(if told.use_stderr() { 64 } else { 0 });
        }
    };
    // One thread: children ask to be killed when the thread that started them ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system has room for one more event loop");
    match runtime.block_on(run(&matches)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {}", daemon::exit::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error>;

async fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let paint = Paint::for_terminal();
    eprintln!("Building the programs; the first time takes some minutes (the AWS SDK is large).");
    let binaries = Binaries::build()?;
    let options = options(matches);
    for (flag, address) in [("listen", options.proxy), ("page", options.page)] {
        if let Some(address) = address {
            std::net::TcpListener::bind(address).map_err(|e| format!("--{flag} {address} cannot be had: {e}"))?;
        }
    }
    let timeline = Timeline::default();
    let follower = tokio::spawn(print_as_it_comes(timeline.clone(), paint, matches.get_flag("details")));
    let mut world = match World::start(&binaries, options, timeline.clone()).await {
        Ok(world) => world,
        Err(error) => {
            eprintln!("{}", timeline.print());
            return Err(error.into());
        }
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let asked_to_end = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let result: Result<(), Failure> = if matches.get_flag("once") {
        tokio::select! {
            report = cycle::go(&mut world) => report.map(|report| print!("{}", report.print(paint))).map_err(Into::into),
            () = asked_to_end => Err("interrupted".into()),
        }
    } else {
        println!("{}", paint::welcome(paint, &world, options));
        asked_to_end.await;
        Ok(())
    };
    timeline.add("demo", "ending everything", Weight::Change);
    world.end().await?;
    follower.abort();
    result
}

async fn print_as_it_comes(timeline: Timeline, paint: Paint, details: bool) {
    let mut entries = timeline.follow();
    while let Some(entry) = entries.recv().await {
        if details || entry.weight > Weight::Detail {
            println!("{}", paint.entry(&entry));
        }
    }
}
