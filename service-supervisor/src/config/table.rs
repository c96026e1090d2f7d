//! The table of settings: `--help`, and what the reading goes by.

use daemon::settings::{Program, Setting};

const EPILOGUE: &str = "\
Example, in a Dockerfile:
  ENTRYPOINT [\"/service-supervisor\", \"--idle-timeout\", \"10m\", \"--\", \"/app\", \"--port\", \"9050\"]

As the health check of its container: service-supervisor health [--listen ADDR:PORT]. It prints one line and exits with 0
or 1. (To run an app named health, say -- health.)

Exit codes:
  the app's own     it ended and is not started again, or after a SIGTERM to the supervisor (128+n: signal n ended it)
  0                 the supervisor put it to sleep (idle, shutdown file, asked) and it ended within --stop-grace
  1                 the supervisor could not do its work; the log says what failed
  64                the settings are wrong
  65                the app never accepted within --ready-timeout
  126, 127          the command could not be run, was not found";

/// The supervisor as its user sees it.
pub const PROGRAM: Program = Program {
    name: "service-supervisor",
    version: env!("CARGO_PKG_VERSION"),
    about: "Runs an app as PID 1 (or not), puts it to sleep when nobody uses it, and loses no request doing so.",
    prefix: "SUPERVISOR",
    settings: &[
        Setting::new("service-name", "NAME", "The service this is a task of.").env("SERVICE_NAME"),
        Setting::new(
            "app-port",
            "PORT",
            "The port on which the app accepts. It is ready when it listens on each. \"none\" for a job without a port.",
        )
        .default("9050")
        .several(),
        Setting::new(
            "app-address",
            "ADDRESS",
            "Judge only sockets on this local address, for an app that shares its network with others and listens on \
             exactly this address. By default sockets on any address are judged.",
        ),
        Setting::new(
            "network",
            "own|shared",
            "\"shared\" where other containers use the same network, as in ECS's host mode: only sockets that the app's own \
             processes opened are judged.",
        )
        .default("own"),
        Setting::new("listen", "ADDR:PORT", "Where the supervisor tells its state.").default("0.0.0.0:9051"),
        Setting::new("idle-timeout", "DURATION", "Sleep after so long without use; 0 is never.").default("300s"),
        Setting::new("shutdown-file", "PATH", "Sleep, used or not, when this file appears.").default("/tmp/shutdown"),
        Setting::new("stop-grace", "DURATION", "From SIGTERM to SIGKILL.").default("23s"),
        Setting::new("drain-timeout", "DURATION", "How long going to sleep may wait for connections to end.")
            .default("60s"),
        Setting::new("drain-min", "DURATION", "How long an idle drain lasts at least where no agent watches.")
            .default("10s"),
        Setting::new("min-awake", "DURATION", "Stay awake so long once ready, used or not.").default("0"),
        Setting::new(
            "ready",
            "URL",
            "What says that the app is ready: http://ADDRESS:PORT/PATH by a status under 400, tcp://ADDRESS:PORT by \
             accepting; ADDRESS is an IP address or localhost. It is asked once the app listens, and then every 5 s. By \
             default the app is ready when it listens.",
        ),
        Setting::new("ready-timeout", "DURATION", "Give up on an app that does not accept within this.").default("10m"),
        Setting::new(
            "busy-cpu",
            "PERCENT",
            "The app is in use while it takes more CPU than this: percent of one core, or of the container's limit where \
             that is less than a core. 0 is off.",
        )
        .default("5%"),
        Setting::switch("ignore-loopback", "Connections from this machine or task itself are no use."),
        Setting::new(
            "ignore-peer",
            "ADDRESS",
            "Connections from here are no use, such as those of monitoring; an address or a network (10.0.0.0/16).",
        )
        .several(),
        Setting::new(
            "max-quiet-stream",
            "DURATION",
            "A connection on which for so long nothing but pings moved (1 KiB a minute) is no use any more; 0 is never.",
        )
        .default("24h"),
        Setting::new(
            "peer-gone",
            "DURATION",
            "A peer that acknowledges nothing for so long, though the kernel repeats what it has for it, is gone.",
        )
        .default("60s"),
        Setting::new("longest-answer", "DURATION", "For how long an unanswered request counts as use.").default("1h"),
        Setting::new(
            "stop-timeout",
            "DURATION",
            "How long ECS waits between SIGTERM and SIGKILL (stopTimeout). The drain of a SIGTERM, --stop-grace and 2 s \
             to spare have to fit.",
        )
        .default("30s"),
        Setting::new(
            "busy-file",
            "PATH",
            "The app is in use while somebody holds a lock (flock or fcntl) on this file, and when it was touched.",
        ),
        Setting::new(
            "busy-max",
            "DURATION",
            "How long a lease of PUT /busy may be, and how long the busy file counts in a row.",
        )
        .default("24h"),
        Setting::new(
            "token",
            "TOKEN",
            "What proxies, agents and whoever asks for /wake or /sleep have to show. By default nothing, and /sleep is \
             for the task itself.",
        )
        .secret(),
        Setting::new(
            "log-metrics",
            "emf",
            "Write the figures of /metrics to standard output each minute while awake, as CloudWatch reads them.",
        ),
        Setting::new("signal-scope", "child|group", "Whether signals go to the app's process or to its process group.")
            .default("child"),
        Setting::new(
            "rewrite",
            "FROM:TO",
            "Pass one signal on as another, by numbers or names: TERM:QUIT; 0 passes nothing on. SIGTERM is an order to \
             stop all the same, and so is what is rewritten to it.",
        )
        .several(),
        Setting::new(
            "restart",
            "on-failure|always|never",
            "After which ends of its own the app is started again; once it was told to end, it never is.",
        )
        .default("on-failure"),
        Setting::new("restart-budget", "COUNT", "How often in a row, without ten minutes of running in between.")
            .default("5"),
        Setting::new("restart-delay", "DURATION", "From the end to the start; each in a row waits twice as long.")
            .default("200ms"),
        Setting::switch(
            "task-protection",
            "In a task of an ECS service: keep ECS from stopping it while it is used, and wait for ECS to stop it when \
             nobody uses it, for ECS replaces a task that ends by itself. A standalone task goes to sleep as usual.",
        ),
        Setting::new(
            "task-protection-time",
            "DURATION",
            "How long protection is asked for at a time; renewed at half.",
        )
        .default("2h"),
        Setting::switch("observe", "Only say when idleness would put the app to sleep, and what that would save."),
    ],
    trailing: Some("COMMAND"),
    epilogue: EPILOGUE,
};
