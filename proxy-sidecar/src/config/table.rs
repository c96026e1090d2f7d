//! The table of settings: what `--help` says is what stands here.

use daemon::settings::Setting;

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new("service-name", "NAME", "The service; in resident mode the one for hosts that name no other.")
        .env("SERVICE_NAME"),
    Setting::new(
        "mode",
        "pair|resident",
        "pair: for one service, woken at the start; ends with exit code 3 when it has gone. resident: stays.",
    )
    .default("pair"),
    Setting::new("services", "NAME", "resident: the services; the first label of Host picks among them.").several(),
    Setting::new("listen", "ADDR:PORT", "Where callers connect.").default("0.0.0.0:9060"),
    Setting::new("admin-listen", "ADDR:PORT", "Where GET /healthz, GET /status and GET /metrics are served.")
        .default("127.0.0.1:9061"),
    Setting::new("namespace", "NAME", "The Cloud Map namespace: backends are <name>.service.<namespace>.")
        .default("local"),
    Setting::new("dns-server", "ADDR:PORT", "A DNS server to ask; by default the system's.").several(),
    Setting::new("backend-port", "PORT", "The port of the app in a task.").default("9050"),
    Setting::new("status-port", "PORT", "The port of the supervisor in a task.").default("9051"),
    Setting::new("token", "TOKEN", "What supervisors are shown, where they have --token.").secret(),
    Setting::new("backend", "ADDR:PORT", "A fixed backend; then nothing is discovered or woken.").several(),
    Setting::new(
        "health-path",
        "PATH|tcp",
        "How backends without a supervisor are checked: an answer below 500 is healthy; tcp: a connection is.",
    )
    .default("/"),
    Setting::new("health-interval", "DURATION", "The time between health checks that succeed. Failing rounds of a pair come after a quarter of it, a half, all of it, twice.")
        .default("5s"),
    Setting::new("health-failures", "COUNT", "pair: failed rounds in a row after which the service has gone.")
        .default("5"),
    Setting::new("start-grace", "DURATION", "How long a service may take to come up for the first time.")
        .default("10m"),
    Setting::new("header-timeout", "DURATION", "How long a request's head may take, and a new connection's first byte.")
        .default("10s"),
    Setting::new(
        "idle-timeout",
        "DURATION",
        "How long a caller's connection waits for its next request; longer than a load balancer in front keeps one (60 s).",
    )
    .default("75s"),
    Setting::new("max-head", "BYTES", "The longest head of a request or an answer, 1024 to 1048576.").default("65536"),
    Setting::new("max-fields", "COUNT", "The most fields of a head, 1 to 1024.").default("256"),
    Setting::new(
        "max-connections",
        "COUNT",
        "How many connections of callers are open at once; at most, and by default, less than half of the open files.",
    ),
    Setting::new("max-connections-per-address", "COUNT", "The same for each address; by default without limit."),
    Setting::new("connect-timeout", "DURATION", "How long a connection to a backend may take.").default("1s"),
    Setting::new(
        "upstream-idle-timeout",
        "DURATION",
        "How long a backend's connection waits for its next request; shorter than the backend keeps it (5 s in Node).",
    )
    .default("4s"),
    Setting::new("response-timeout", "DURATION", "How long a backend may take to begin its answer; by default for ever."),
    Setting::new(
        "upstream-protocol",
        "auto|http1|h2c",
        "What backends are spoken to in; auto: HTTP/1.1, but gRPC in HTTP/2 without TLS.",
    )
    .default("auto"),
    Setting::new("upgrade", "TOKEN", "A protocol that is tunnelled where caller and backend switch to it.")
        .default("websocket")
        .several(),
    Setting::switch("forwarded", "Adds a Forwarded field (RFC 7239) to requests, beside X-Forwarded-*."),
    Setting::new("hold-timeout", "DURATION", "How long a request is held before it is answered 503.").default("300s"),
    Setting::new("hold-max", "COUNT", "How many requests of a service are held at once.").default("10000"),
    Setting::new(
        "wake",
        "none|run-task",
        "How a sleeping service is woken; by default run-task where --cluster is given, otherwise none.",
    ),
    Setting::new("cluster", "NAME|ARN", "run-task: the ECS cluster."),
    Setting::new("task-definition", "NAME", "run-task: the task definition; {service} is the service's name.")
        .default("{service}"),
    Setting::new("container", "NAME", "run-task: the container that is told its SERVICE_NAME.").default("app"),
    Setting::new(
        "capacity-provider",
        "NAME",
        "run-task: the capacity provider; by default the cluster's own strategy.",
    ),
    Setting::new("max-tasks", "COUNT", "run-task: no task is started where ECS has this many.").default("10"),
    Setting::new("subnets", "ID", "run-task: subnets of the task, for the awsvpc network mode.").several(),
    Setting::new("security-groups", "ID", "run-task: security groups of the task.").several(),
    Setting::new("tls-listen", "ADDR:PORT", "Where callers connect with TLS; by default nowhere. It needs a certificate."),
    Setting::new("tls-cert", "FILE", "A certificate in PEM, followed by those that lead to its authority; read again when it changes. A caller's name picks among several, the first is for every other.")
        .several(),
    Setting::new("tls-key", "FILE", "The key of a --tls-cert, in the same order.").several(),
    Setting::new("tls-cert-pem", "PEM", "A certificate as text, as ECS gives secrets; after those in files.").secret(),
    Setting::new("tls-key-pem", "PEM", "Its key as text.").secret(),
    Setting::new("tls-client-ca", "FILE", "Authorities in PEM: every caller by TLS has to show a certificate of theirs."),
    Setting::new("tls-min-version", "1.2|1.3", "The oldest version of TLS that is spoken.").default("1.2"),
    Setting::switch("redirect-https", "The plain port sends every request to https."),
    Setting::new("https-port", "PORT", "The port that --redirect-https sends to, as callers see it.").default("443"),
    Setting::new("hsts", "DURATION", "Strict-Transport-Security in answers by TLS: for so long browsers use nothing else. 0: it is not said.")
        .default("0"),
    Setting::new("proxy-protocol", "off|require", "require: every connection begins with a PROXY header (version 1 or 2) of a trusted proxy, and is refused otherwise.")
        .default("off"),
    Setting::new("trusted-proxies", "CIDR|private|none", "Whose PROXY headers and X-Forwarded fields are believed. private: loopback, RFC 1918, 100.64.0.0/10, fc00::/7, fe80::/10.")
        .default("private")
        .several(),
    Setting::new("drain-timeout", "DURATION", "How long requests under way may take once it was asked to end.")
        .default("25s"),
];
