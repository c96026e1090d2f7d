//! `cargo bench -p e2e --bench local_aws`: how soon local-aws answers, what a world of 100 hosts with three tasks each
//! takes of memory, and how many calls one core answers. With `moto_server` on the PATH (`pip install 'moto[server]'`)
//! the same is measured of moto in the same run, and the ratios are printed.
//!
//! Bounded: some seconds for each figure. Calls per core are calls per second of processor time, so what else the
//! machine does hardly matters.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const STARTS: usize = 9;
const HOSTS: u32 = 100;
const CONNECTIONS: usize = 16;
const LOAD: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_secs(120);

const ECS: &str = "AmazonEC2ContainerServiceV20141113.";
const CLOUD_MAP: &str = "Route53AutoNaming_v20170314.";

/// A server under measurement; ended when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).expect("a process id"));
        // It may have ended already.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.process.wait();
    }
}

/// Starts a server with its port as the last arguments say, waits for its first answer, and tells how long that took.
fn start(program: &str, arguments: impl Fn(SocketAddr) -> Vec<String>) -> std::io::Result<(Server, Duration)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new(program);
    command.args(arguments(address)).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut server = Server { process: command.spawn()?, address };
    while !answers(address) {
        let ended = server.process.try_wait()?;
        assert!(ended.is_none(), "{program} has ended: {ended:?}");
        assert!(begun.elapsed() < PATIENCE, "{program} does not answer");
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok((server, begun.elapsed()))
}

/// Whether an ECS call is answered with 200.
fn answers(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: {ECS}DescribeClusters\r\ncontent-type: \
         application/x-amz-json-1.1\r\ncontent-length: 2\r\nauthorization: {}\r\nconnection: close\r\n\r\n{{}}",
        authorization("ecs")
    );
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.contains(" 200 ")
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIABENCH/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

/// A client of one server.
struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn of(server: &Server) -> Client {
        Client { http: reqwest::Client::new(), url: format!("http://{}/", server.address) }
    }

    async fn send(&self, target: &str, body: &Value) -> Result<Value, reqwest::Error> {
        let service = if target.starts_with(ECS) { "ecs" } else { "servicediscovery" };
        let request = self.http.post(&self.url).header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1");
        let request = request.header("authorization", authorization(service)).body(body.to_string());
        request.send().await?.error_for_status()?.json().await
    }

    async fn call(&self, target: String, body: Value) -> Value {
        self.send(&target, &body).await.unwrap_or_else(|error| panic!("{target}: {error}"))
    }
}

/// Processor time and memory of a process.
struct Usage {
    processor: Duration,
    resident_kib: u64,
    proportional_kib: u64,
}

fn usage(server: &Server) -> Usage {
    let pid = server.process.id();
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("/proc");
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_ascii_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().expect("user time") + fields[12].parse::<u64>().expect("system time");
    let kib = |file: &str, name: &str| {
        let text = read(file);
        let line = text.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_ascii_whitespace().nth(1).expect("a figure").parse().expect("a number")
    };
    Usage {
        // A tick is 10 ms wherever Linux runs (USER_HZ).
        processor: Duration::from_millis(ticks * 10),
        resident_kib: kib("status", "VmRSS:"),
        proportional_kib: kib("smaps_rollup", "Pss:"),
    }
}

/// Calls a second, and calls a second of the server's processor time.
async fn load(server: &Server, target: String, body: Value) -> (f64, f64) {
    let before = usage(server).processor;
    let begun = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, target, body) = (Client::of(server), target.clone(), body.clone());
        callers.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < LOAD {
                client.send(&target, &body).await.unwrap_or_else(|error| panic!("{target}: {error}"));
                done += 1;
            }
            done
        });
    }
    let done: u32 = callers.join_all().await.into_iter().sum();
    let processor = usage(server).processor - before;
    (f64::from(done) / begun.elapsed().as_secs_f64(), f64::from(done) / processor.as_secs_f64())
}

/// What both are asked for: a cluster with one task of Fargate's, and a service with ten instances.
async fn furnish(client: &Client) -> String {
    let ecs = |operation: &str| format!("{ECS}{operation}");
    let map = |operation: &str| format!("{CLOUD_MAP}{operation}");
    client.call(ecs("CreateCluster"), json!({ "clusterName": "bench" })).await;
    let container = json!({ "name": "app", "image": "app", "essential": true, "memory": 128 });
    let definition = json!({ "family": "app", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [container] });
    client.call(ecs("RegisterTaskDefinition"), definition).await;
    let network = json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"] } });
    let run = json!({ "cluster": "bench", "taskDefinition": "app", "launchType": "FARGATE",
        "networkConfiguration": network });
    let task = match client.send(&ecs("RunTask"), &run).await {
        Ok(ran) => ran["tasks"][0]["taskArn"].as_str().unwrap_or_default().to_owned(),
        // moto wants a subnet that exists.
        Err(_) => String::new(),
    };
    client
        .call(map("CreatePrivateDnsNamespace"), json!({ "Name": "bench", "Vpc": "vpc-1", "CreatorRequestId": "1" }))
        .await;
    let namespace = until(client, map("ListNamespaces"), json!({}), |all| {
        let named = all["Namespaces"].as_array()?.iter().find(|one| one["Name"] == "bench")?;
        Some(named["Id"].as_str()?.to_owned())
    });
    let records = json!({ "DnsRecords": [{ "Type": "A", "TTL": 5 }] });
    let service =
        json!({ "Name": "app", "NamespaceId": namespace.await, "DnsConfig": records, "CreatorRequestId": "2" });
    let service = client.call(map("CreateService"), service).await["Service"]["Id"].clone();
    for number in 0..10 {
        let attributes = json!({ "AWS_INSTANCE_IPV4": format!("10.0.0.{number}"), "TASK": "x".repeat(100) });
        let register = json!({ "ServiceId": service, "InstanceId": format!("i{number}"), "Attributes": attributes,
            "CreatorRequestId": format!("r{number}") });
        client.call(map("RegisterInstance"), register).await;
    }
    let discover = json!({ "NamespaceName": "bench", "ServiceName": "app" });
    until(client, map("DiscoverInstances"), discover, |found| {
        (found["Instances"].as_array()?.len() == 10).then_some(())
    })
    .await;
    task
}

/// Asks until the answer is as wanted.
async fn until<T>(client: &Client, target: String, body: Value, wanted: impl Fn(&Value) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        let answer = client.send(&target, &body).await.unwrap_or_default();
        if let Some(found) = wanted(&answer) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{target} answers {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn median(mut figures: Vec<Duration>) -> Duration {
    figures.sort_unstable();
    figures[figures.len() / 2]
}

fn local_aws() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "-p", "local-aws", "--message-format=json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo");
    assert!(built.status.success(), "local-aws does not build");
    let lines = built.stdout.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let program = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned())).next_back();
    program.expect("a program").into()
}

/// A world of hosts that are full of tasks: what they take.
async fn memory(program: &str) -> Usage {
    let file = std::env::temp_dir().join(format!("bench-world-{}.json", std::process::id()));
    let managed = json!({ "status": "DISABLED" });
    let provider = json!({ "autoScalingGroupArn": "bench", "managedScaling": managed,
        "managedTerminationProtection": "DISABLED", "managedDraining": "DISABLED" });
    let container = json!({ "name": "app", "image": "app", "memory": 300, "essential": true });
    let world = json!([
        { "call": "ecs.CreateCluster", "with": { "clusterName": "bench" } },
        { "call": "autoscaling.CreateAutoScalingGroup", "with": { "AutoScalingGroupName": "bench", "MinSize": HOSTS,
            "MaxSize": HOSTS } },
        { "call": "ecs.CreateCapacityProvider", "with": { "name": "bench", "autoScalingGroupProvider": provider } },
        { "call": "ecs.PutClusterCapacityProviders", "with": { "cluster": "bench", "capacityProviders": ["bench"],
            "defaultCapacityProviderStrategy": [{ "capacityProvider": "bench", "weight": 1 }] } },
        { "call": "ecs.RegisterTaskDefinition", "with": { "family": "app", "networkMode": "awsvpc", "cpu": "256",
            "memory": "300", "containerDefinitions": [container] } },
    ]);
    std::fs::write(&file, world.to_string()).expect("a world file");
    let arguments = |address: SocketAddr| {
        let file = file.display();
        let line = format!(
            "--listen {address} --tasks simulated --time-factor 60 --throttle off --network 127.201.0.0/16 --world {file}"
        );
        line.split(' ').map(str::to_owned).collect()
    };
    let (server, _) = start(program, arguments).expect("local-aws");
    let client = Client::of(&server);
    let clusters = json!({ "clusters": ["bench"] });
    // Without managed scaling no task is accepted before there are hosts for it.
    until(&client, format!("{ECS}DescribeClusters"), clusters.clone(), |found| {
        (found["clusters"][0]["registeredContainerInstancesCount"] == HOSTS).then_some(())
    })
    .await;
    let network = json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"] } });
    let strategy = json!([{ "capacityProvider": "bench", "weight": 1 }]);
    for _ in 0..HOSTS * 3 / 10 {
        let run = json!({ "cluster": "bench", "taskDefinition": "app", "count": 10, "networkConfiguration": network,
            "capacityProviderStrategy": strategy });
        let ran = client.call(format!("{ECS}RunTask"), run).await;
        assert_eq!(ran["failures"], json!([]), "{ran}");
    }
    until(&client, format!("{ECS}DescribeClusters"), clusters, |found| {
        (found["clusters"][0]["runningTasksCount"] == HOSTS * 3).then_some(())
    })
    .await;
    std::fs::remove_file(&file).expect("the world file");
    usage(&server)
}

/// One line: what, ours, moto's and their ratio.
fn say(what: &str, unit: &str, ours: f64, theirs: Option<f64>) {
    match theirs {
        Some(theirs) => println!("{what:<44} {ours:>9.1} {unit:<8} moto {theirs:>9.1}   ratio {:.3}", ours / theirs),
        None => println!("{what:<44} {ours:>9.1} {unit}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let program = local_aws().display().to_string();
    let ours = |address: SocketAddr| {
        let line =
            format!("--listen {address} --tasks simulated --time-factor 60 --throttle off --network 127.202.0.0/16");
        line.split(' ').map(str::to_owned).collect()
    };
    let moto = |address: SocketAddr| {
        vec!["-H".to_owned(), "127.0.0.1".to_owned(), "-p".to_owned(), address.port().to_string()]
    };

    let starts = (0..STARTS).map(|_| start(&program, ours).expect("local-aws").1).collect();
    let peer = start("moto_server", moto).ok();
    if peer.is_none() {
        println!("moto_server is not on the PATH: figures without a peer");
    }
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    say(
        "from start to the first answer (median)",
        "ms",
        milliseconds(median(starts)),
        peer.as_ref().map(|(_, took)| milliseconds(*took)),
    );

    let (server, _) = start(&program, ours).expect("local-aws");
    let client = Client::of(&server);
    let idle = usage(&server).proportional_kib;
    let peer = peer.map(|(server, _)| server);
    let peers_client = peer.as_ref().map(Client::of);
    say(
        "memory of an empty world (PSS)",
        "MiB",
        idle as f64 / 1024.0,
        peer.as_ref().map(|p| usage(p).proportional_kib as f64 / 1024.0),
    );
    let task = furnish(&client).await;
    if let Some(client) = &peers_client {
        furnish(client).await;
    }
    let discover = json!({ "NamespaceName": "bench", "ServiceName": "app" });
    for (what, target, body) in [
        (
            "ECS DescribeTasks of one task",
            format!("{ECS}DescribeTasks"),
            json!({ "cluster": "bench", "tasks": [task] }),
        ),
        ("Cloud Map DiscoverInstances of ten", format!("{CLOUD_MAP}DiscoverInstances"), discover),
        ("ECS DescribeClusters", format!("{ECS}DescribeClusters"), json!({ "clusters": ["bench"] })),
    ] {
        let (a_second, a_core) = load(&server, target.clone(), body.clone()).await;
        let theirs = match &peer {
            // moto ran no task: it wants a network to be made first.
            Some(peer) if !target.ends_with("DescribeTasks") => Some(load(peer, target, body).await),
            Some(_) | None => None,
        };
        say(&format!("{what}, a core"), "calls/s", a_core, theirs.map(|(_, a_core)| a_core));
        say(&format!("{what}, as loaded here"), "calls/s", a_second, theirs.map(|(a_second, _)| a_second));
    }
    drop(server);
    let full = memory(&program).await;
    say("100 hosts of three tasks, resident", "MiB", full.resident_kib as f64 / 1024.0, None);
    say("100 hosts of three tasks, proportional", "MiB", full.proportional_kib as f64 / 1024.0, None);
}
