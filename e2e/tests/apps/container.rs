//! A container with an app under the supervisor, and what both say.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use task_state::{Health, State};

use crate::images::image;
use crate::{App, client, until};

/// Where the supervisor tells its state, inside.
const TOLD: u16 = 9051;

/// Settings under which what is not used is soon asleep. The time awake is for the test, to begin its use.
pub(crate) const SOON_ASLEEP: [(&str, &str); 2] = [("SUPERVISOR_IDLE_TIMEOUT", "1s"), ("SUPERVISOR_MIN_AWAKE", "5s")];

/// So long nothing is awake under [`SOON_ASLEEP`] without use.
pub(crate) const LONG_AWAKE: Duration = Duration::from_secs(8);

/// Settings under which a connection that is open and quiet is soon nobody's. The longest answer is among them because an
/// answer that followed within a tick of the kernel's clock may be none.
pub(crate) const SOON_FORGOTTEN: [(&str, &str); 3] =
    [("SUPERVISOR_IDLE_TIMEOUT", "2s"), ("SUPERVISOR_DRAIN_TIMEOUT", "5s"), ("SUPERVISOR_LONGEST_ANSWER", "10s")];

/// Runs the docker client; what it printed.
fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker is there");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A running, or ended, container; removed when it is dropped.
pub(crate) struct Container {
    id: String,
    app: &'static App,
    /// Where port 9051 is reached from here, and where the app's. None before it has run, and without a supervisor.
    published: Option<[SocketAddr; 2]>,
}

impl Container {
    /// Starts the app with options of `docker run` and settings of the supervisor. It never sleeps by itself unless the
    /// settings say so.
    pub(crate) fn start(app: &'static App, options: &[&str], settings: &[(&str, &str)]) -> Self {
        let image = image(app.image);
        let ports = [TOLD, app.port].map(|port| format!("127.0.0.1::{port}"));
        let mut words = vec!["run", "--detach"];
        words.extend(ports.iter().flat_map(|port| ["--publish", port.as_str()]));
        words.extend(options);
        let always = [("SERVICE_NAME", app.image), ("SUPERVISOR_IDLE_TIMEOUT", "0"), ("SUPERVISOR_DRAIN_MIN", "0")];
        let settings: Vec<String> =
            always.iter().chain(settings).map(|(name, value)| format!("{name}={value}")).collect();
        words.extend(settings.iter().flat_map(|setting| ["--env", setting.as_str()]));
        words.push(&image);
        words.extend(app.command);
        let mut container = Container { id: docker(&words), app, published: None };
        container.published = container.ask_where();
        container
    }

    /// Starts it once more, after its end.
    pub(crate) fn start_again(&mut self) {
        docker(&["start", &self.id]);
        self.published = self.ask_where();
    }

    /// Docker chooses the ports anew at each start.
    fn ask_where(&self) -> Option<[SocketAddr; 2]> {
        let said = docker(&["port", &self.id]);
        let find = |port: u16| {
            let inside = format!("{port}/tcp -> ");
            said.lines().find_map(|line| line.strip_prefix(&inside)?.parse().ok())
        };
        Some([find(TOLD)?, find(self.app.port)?])
    }

    /// Any program of an image, without the supervisor.
    pub(crate) fn bare(app: &'static App, entrypoint: &str, arguments: &[&str]) -> Self {
        let image = image(app.image);
        let words = [&["run", "--detach", "--entrypoint", entrypoint, &image], arguments].concat();
        Container { id: docker(&words), app, published: None }
    }

    /// Docker's name for it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where the app is reached from here.
    pub(crate) fn address(&self) -> SocketAddr {
        let [_, app] = self.published.expect("it ran when it was asked where");
        app
    }

    /// What `GET /healthz` says, while somebody answers.
    pub(crate) fn health(&self) -> Option<Health> {
        let [told, _] = self.published.expect("it ran when it was asked where");
        let (_, body) = client::get(told, "/healthz").ok()?;
        serde_json::from_str(&body).ok()
    }

    pub(crate) fn until_ready(&self) {
        until("the app to be ready", || self.health().filter(|health| health.ready));
    }

    pub(crate) fn until_state(&self, what: &str, reached: impl Fn(State) -> bool) {
        until(what, || self.health().filter(|health| reached(health.state)));
    }

    pub(crate) fn until_draining(&self) {
        self.until_state("a drain", |state| matches!(state, State::Draining { .. }));
    }

    /// Waits until the app has answered once, starting or not.
    pub(crate) fn until_answering(&self) {
        let mut last = None;
        until("an answer of the app", || match (self.app.ask)(self.address()) {
            Ok(()) => Some(()),
            Err(error) => {
                if last.replace(error.to_string()).as_ref() != last.as_ref() {
                    eprintln!("{}: {error}", self.app.image);
                }
                None
            }
        });
    }

    /// Asserts that it stays awake for so long, doing something meanwhile.
    pub(crate) fn stays_awake(&self, long: Duration, meanwhile: impl FnMut()) {
        self.stays(|state| matches!(state, State::Awake { .. }), long, meanwhile);
    }

    /// Asserts that it stays in a state for so long, doing something meanwhile.
    pub(crate) fn stays(&self, there: impl Fn(State) -> bool, long: Duration, mut meanwhile: impl FnMut()) {
        let end = Instant::now() + long;
        while Instant::now() < end {
            let health = self.health().expect("it is not to end");
            assert!(there(health.state), "{health:?}");
            meanwhile();
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs a command in it; what it printed.
    pub(crate) fn exec(&self, command: &[&str]) -> String {
        docker(&[&["exec", &self.id], command].concat())
    }

    /// Runs a command in it that nobody waits for.
    pub(crate) fn exec_in_background(&self, command: &[&str]) {
        docker(&[&["exec", "--detach", &self.id], command].concat());
    }

    /// Orders it to sleep as a person would.
    pub(crate) fn touch_shutdown_file(&self) {
        self.exec(&["touch", "/tmp/shutdown"]);
    }

    /// `docker stop`, in the background, as it waits for the end.
    pub(crate) fn stop(&self) {
        let mut stop = Command::new("docker");
        stop.args(["stop", "--time", "240", &self.id]).stdout(Stdio::null());
        let mut stop = stop.spawn().expect("docker is there");
        std::thread::spawn(move || stop.wait());
    }

    /// Waits for its end; its exit code.
    pub(crate) fn exit_code(&self) -> i32 {
        let mut wait = Command::new("docker").args(["wait", &self.id]).stdout(Stdio::piped()).spawn().expect("docker");
        until("the container's end", || wait.try_wait().expect("our own child"));
        let mut code = String::new();
        wait.stdout.take().expect("piped").read_to_string(&mut code).expect("a line");
        code.trim().parse().expect("a number")
    }

    /// The id, in the container, of the process that the supervisor started. The supervisor has to be process 1.
    pub(crate) fn main_process(&self) -> String {
        self.exec(&["cat", "/proc/1/task/1/children"])
    }

    /// All that was printed, the supervisor's lines and the app's.
    pub(crate) fn printed(&self) -> String {
        let output = Command::new("docker").args(["logs", &self.id]).output().expect("docker is there");
        (String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr)).into_owned()
    }

    /// The supervisor's lines with this message.
    pub(crate) fn lines(&self, message: &str) -> Vec<Value> {
        let printed = self.printed();
        let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }

    /// Asserts that nothing was waited for in vain.
    pub(crate) fn no_deadline_struck(&self) {
        let struck = self.lines("deadline struck");
        assert!(struck.is_empty(), "{struck:?}");
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} printed:\n{}", self.app.image, self.printed());
        }
        let _ = Command::new("docker").args(["rm", "--force", "--volumes", &self.id]).output();
    }
}
