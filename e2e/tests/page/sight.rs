//! What the page shows is what the API says, at each stage of a wake and of a sleep.

use std::time::{Duration, Instant};

use e2e::world::{Options, World};
use serde_json::{Value, json};

use crate::browser::{Browser, LIMIT};
use crate::{must, turn, world_and_page};

/// What a reader sees, as data: read from the elements that show it.
const SEEN: &str = include_str!("seen.js");

/// The same, of what the API says.
async fn said(world: &World) -> Value {
    let now = must(world.json("/_world").await);
    let wakes = must(world.json("/_wakes").await);
    let list = |name: &str| now[name].as_array().cloned().unwrap_or_default();
    let (hosts, registrations) = (list("hosts"), list("registrations"));
    let living = |task: &&Value| task["last_status"] != "STOPPED";
    let id = |task: &Value| task["arn"].as_str().expect("an ARN").rsplit('/').next().expect("an id").to_owned();
    let all = list("tasks");
    let tasks = all.iter().filter(living).map(|task| {
        let records = registrations.iter().filter(|record| record["instance_id"] == id(task).as_str()).map(|record| {
            let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
            format!("{}.{}", text("service"), text("namespace"))
        });
        let name = if task["service"].is_null() { &task["family"] } else { &task["service"] };
        json!({
            "id": id(task), "host": task["instance_id"], "status": task["last_status"], "name": name,
            "stops": task["desired_status"] == "STOPPED", "records": ordered(records.map(Value::from).collect()),
        })
    });
    let tasks = ordered(tasks.collect());
    let hosts = hosts.iter().filter(|host| host["lifecycle"] != "Terminated").map(|host| {
        let draining = host["lifecycle"] == "InService" && host["ecs_status"] == "DRAINING";
        let status = if draining { json!("DRAINING") } else { host["lifecycle"].clone() };
        json!({ "id": host["instance_id"], "status": status, "protected": host["protected"] })
    });
    let hosts = ordered(hosts.collect());
    let last = wakes["wakes"].as_array().and_then(|wakes| wakes.last()).cloned().unwrap_or_default();
    let mut steps: Vec<String> = Vec::new();
    for step in last["steps"].as_array().into_iter().flatten() {
        steps.push(step["step"].as_str().expect("a step").to_owned());
    }
    steps.sort();
    let alive: Vec<String> = all.iter().filter(living).map(id).collect();
    let orphans = registrations.iter().filter(|record| !alive.iter().any(|id| record["instance_id"] == id.as_str()));
    let queue = all.iter().filter(living).filter(|task| task["instance_id"].is_null()).count();
    let groups: Vec<Value> = list("groups").iter().map(|group| group["desired"].clone()).collect();
    json!({ "tasks": tasks, "hosts": hosts, "steps": steps, "groups": groups, "orphans": orphans.count(), "queue": queue })
}

fn ordered(mut list: Vec<Value>) -> Vec<Value> {
    list.sort_by_key(Value::to_string);
    list
}

/// Fields in a fixed order, so that both sides are compared as data.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(list) => ordered(list.iter().map(plain).collect()).into(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Both are asked until they say the same, and that is what `stage` is.
async fn agree(world: &World, browser: &Browser, stage: &str, reached: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let (before, seen, after) = (said(world).await, browser.run(SEEN).await, said(world).await);
        // What changed while we looked may be seen or not.
        if plain(&before) == plain(&after) && plain(&seen) == plain(&after) && reached(&seen) {
            return seen;
        }
        assert!(begun.elapsed() < LIMIT, "{stage}: the page shows {seen:#}\nthe API says {after:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn has(seen: &Value, step: &str) -> bool {
    seen["steps"].as_array().is_some_and(|steps| steps.iter().any(|one| one == step))
}

#[tokio::test]
async fn what_the_page_shows_is_what_the_api_says_through_a_wake_and_a_sleep() {
    let Some(_turn) = turn().await else { return };
    let mut options = Options::default();
    // Long enough in each state for both to be asked.
    options.pace.app_start = Duration::from_secs(2);
    options.pace.idle = Duration::from_secs(4);
    let (world, browser) = world_and_page(options).await;
    agree(&world, &browser, "all asleep", |seen| seen["hosts"] == json!([]) && seen["steps"] == json!([])).await;
    assert!(browser.text("#wake").await.contains("All asleep"));

    let callers: Vec<_> = (0..3)
        .map(|_| {
            let call = world.http().get(world.url("/host")).timeout(LIMIT).send();
            tokio::spawn(async move { call.await.map(|response| response.status().as_u16()) })
        })
        .collect();
    agree(&world, &browser, "a task is on its way", |seen| has(seen, "called") && seen["tasks"][0].is_object()).await;
    let callers_said = "return document.querySelector('#wake-callers').textContent";
    browser.until("the held callers", callers_said, |text| text == "3 callers are held").await;
    agree(&world, &browser, "the app starts", |seen| {
        seen["tasks"][0]["status"] == "RUNNING" && has(seen, "host_registered") && !has(seen, "answered")
    })
    .await;
    assert_eq!(browser.text("#wake-who .pill").await, "waking");

    for caller in callers {
        assert_eq!(caller.await.expect("not cancelled").expect("an answer"), 200);
    }
    let awake = agree(&world, &browser, "awake", |seen| has(seen, "registered") && has(seen, "answered")).await;
    assert_eq!(awake["tasks"][0]["records"], json!(["demo.service.local"]));
    assert_eq!(browser.text("#wake-callers").await, "3 callers were held at once");
    assert!(browser.text("#wake-clock").await.contains("from first request to first byte"));
    let time_line = browser.run("return document.querySelector('#wake-up').textContent").await;
    for words in ["Callers held", "First request held", "RunTask called", "Host registered", "First byte sent"] {
        assert!(time_line.as_str().is_some_and(|text| text.contains(words)), "{words} is not in {time_line}");
    }
    browser
        .until("the announcement", "return document.querySelector('#wake-said').textContent", |text| {
            text.as_str().is_some_and(|text| text.starts_with("demo is awake, after "))
        })
        .await;

    agree(&world, &browser, "out of Cloud Map, the task still there", |seen| {
        has(seen, "deregistered") && seen["tasks"][0]["records"] == json!([])
    })
    .await;
    agree(&world, &browser, "the task stopped", |seen| has(seen, "stopped") && seen["tasks"] == json!([])).await;
    let zero = agree(&world, &browser, "the hosts released", |seen| has(seen, "host_released")).await;
    assert_eq!((&zero["hosts"], &zero["groups"]), (&json!([]), &json!([0])));
    assert!(has(&zero, "draining"), "{zero}");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.end().await;
    must(world.end().await);
}
