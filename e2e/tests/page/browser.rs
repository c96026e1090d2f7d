//! A headless Chromium, spoken to by WebDriver: plain JSON over HTTP, as W3C's recommendation has it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Far more than anything here takes, so that a busy machine is no failure.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// The key under which WebDriver writes a reference to an element (W3C WebDriver, 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys, as WebDriver names them (W3C WebDriver, 17.4.2).
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const DOWN: &str = "\u{e015}";

/// A browser with one page. It ends with this value.
pub(crate) struct Browser {
    driver: Child,
    base: String,
    session: String,
    http: reqwest::Client,
}

/// An element of the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element(pub(crate) String);

impl Browser {
    /// Starts Debian's chromedriver on a port that is free, and a Chromium.
    pub(crate) async fn start() -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Chromium's processes join it: one signal ends them all.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts (Debian: chromium-driver)");
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("chromedriver's output").expect("chromedriver said its port");
            if let Some((_, port)) = line.trim_end_matches('.').split_once("successfully on port ") {
                break port.to_owned();
            }
        };
        let mut browser = Browser {
            driver,
            base: format!("http://127.0.0.1:{port}"),
            session: String::new(),
            http: reqwest::Client::new(),
        };
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let opened = browser.call("POST", "/session", json!({ "capabilities": { "alwaysMatch": wanted } })).await;
        browser.session = format!("/session/{}", opened["sessionId"].as_str().expect("a session"));
        browser
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.try_call(method, path, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    async fn try_call(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let url = format!("{}{}{path}", self.base, self.session);
        let request = match method {
            "GET" => self.http.get(url),
            "DELETE" => self.http.delete(url),
            _ => self.http.post(url).json(&body),
        };
        let response = request.timeout(LIMIT).send().await.map_err(|error| error.to_string())?;
        let status = response.status();
        let mut answer: Value = response.json().await.map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        if status.is_success() { Ok(value) } else { Err(value["message"].to_string()) }
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.call("POST", "/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    /// Makes the window so wide.
    pub(crate) async fn width(&self, width: u32) {
        let screen = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Says what the reader prefers: `prefers-color-scheme` and `prefers-reduced-motion`.
    pub(crate) async fn prefers(&self, scheme: &str, motion: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Goes to a URL.
    pub(crate) async fn go(&self, url: &str) {
        self.call("POST", "/url", json!({ "url": url })).await;
    }

    /// Runs the body of a function in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// The first element that a selector finds.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        let what = json!({ "using": "css selector", "value": selector });
        let found = self.call("POST", "/element", what).await;
        Element(found[ELEMENT].as_str().expect("an element").to_owned())
    }

    /// All that it finds.
    pub(crate) async fn find_all(&self, selector: &str) -> Vec<Element> {
        let what = json!({ "using": "css selector", "value": selector });
        let found = self.call("POST", "/elements", what).await;
        let found = found.as_array().expect("elements").iter();
        found.map(|one| Element(one[ELEMENT].as_str().expect("an element").to_owned())).collect()
    }

    /// Presses an element as a mouse does.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.call("POST", &format!("/element/{}/click", element.0), json!({})).await;
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn press(&self, key: &str) {
        let actions = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.call("POST", "/actions", json!({ "actions": [source] })).await;
    }

    /// What the accessibility tree calls an element, and what it is there. None where it has gone meanwhile.
    pub(crate) async fn accessible(&self, element: &Element) -> Option<(String, String)> {
        let role = self.try_call("GET", &format!("/element/{}/computedrole", element.0), Value::Null).await.ok()?;
        let label = self.try_call("GET", &format!("/element/{}/computedlabel", element.0), Value::Null).await.ok()?;
        Some((role.as_str().unwrap_or_default().to_owned(), label.as_str().unwrap_or_default().to_owned()))
    }

    /// What an element says to a reader.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({})?.innerText ?? ''", json!(selector));
        self.run(&script).await.as_str().unwrap_or_default().to_owned()
    }

    /// What the browser complained of: errors in scripts, refusals of the policy, files that are not there.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", json!({ "type": "browser" })).await;
        let lines = log.as_array().cloned().unwrap_or_default();
        lines.iter().filter(|line| line["level"] != "INFO").map(|line| line["message"].to_string()).collect()
    }

    /// Waits until a script gives something that is wanted; fails with `what` and what it gave last.
    pub(crate) async fn until(&self, what: &str, script: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let value = self.run(script).await;
            if wanted(&value) {
                return value;
            }
            assert!(begun.elapsed() < LIMIT, "waited {LIMIT:?} for {what}; last was {value:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the page says that it is live.
    pub(crate) async fn until_live(&self) {
        self.until("the page to be live", "return document.querySelector('#link')?.textContent", |text| text == "live")
            .await;
    }

    /// Ends it in order.
    pub(crate) async fn end(self) {
        self.call("DELETE", "", Value::Null).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(id) = self.driver.id().and_then(|id| i32::try_from(id).ok()) {
            // It may have ended already.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}
