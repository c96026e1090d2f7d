//! The buttons do what they say.

use e2e::world::World;
use serde_json::json;

use crate::access::wakeful;
use crate::browser::{Browser, LIMIT};
use crate::{must, turn, world_and_page};

/// Presses the button of this name in the faults' panel.
async fn press(browser: &Browser, name: &str) {
    let script = format!(
        "const button = [...document.querySelectorAll('#faults button')].find(one => one.textContent === {}); button?.click(); return Boolean(button)",
        json!(name)
    );
    browser.until(&format!("the button {name:?}"), &script, |there| *there == json!(true)).await;
}

async fn until_said(browser: &Browser, begins: &str) {
    let said = "return document.querySelector('#fault-said').textContent";
    browser.until(begins, said, |text| text.as_str().is_some_and(|text| text.starts_with(begins))).await;
}

async fn active(world: &World) -> usize {
    let faults = must(world.json("/_faults").await);
    faults["faults"].as_array().expect("faults").iter().filter(|fault| fault["active"] == true).count()
}

#[tokio::test]
async fn a_task_killed_by_its_button_is_stopped_as_the_api_says() {
    let Some(_turn) = turn().await else { return };
    let (mut world, browser) = world_and_page(wakeful()).await;
    assert_eq!(must(world.get("/host").await).0, 200);
    let task = must(world.snapshot().await).living_tasks("demo").next().expect("it answered").arn.clone();
    browser.until("the task", "return document.querySelectorAll('.slot .thing').length", |n| *n == json!(1)).await;
    browser.click(".slot .thing").await;
    press(&browser, "Kill the task").await;
    until_said(&browser, "Done: kill task").await;
    let gone = |now: &e2e::snapshot::Snapshot| now.living_tasks("demo").all(|one| one.arn != task);
    must(world.until("the task to stop", LIMIT, gone).await);
    let stopped = "return [...document.querySelectorAll('#stopped .who')].map(one => one.textContent)";
    browser.until("the page to show it", stopped, |names| *names == json!(["demo"])).await;
    browser
        .until(
            "the time line",
            "return [...document.querySelectorAll('#sleep-steps li')].map(one => one.dataset.step)",
            |steps| steps.as_array().is_some_and(|steps| steps.iter().any(|step| step == "stopped")),
        )
        .await;
    browser.end().await;
    must(world.end().await);
}

#[tokio::test]
async fn a_host_is_frozen_and_thawed_and_what_is_refused_is_said() {
    let Some(_turn) = turn().await else { return };
    let (mut world, browser) = world_and_page(wakeful()).await;
    assert_eq!(must(world.get("/host").await).0, 200);
    browser
        .until("a host", "return document.querySelectorAll('#hosts h3 .thing').length", |n| n.as_u64() > Some(0))
        .await;
    browser.click("#hosts h3 .thing").await;
    press(&browser, "Freeze").await;
    until_said(&browser, "Done: freeze host").await;
    assert_eq!(active(&world).await, 1);
    let tags = "return [...document.querySelectorAll('#hosts .tag')].map(one => one.textContent)";
    let frozen = |tags: &serde_json::Value| tags.as_array().is_some_and(|tags| tags.contains(&json!("frozen")));
    browser.until("the host to be shown frozen", tags, frozen).await;
    let listed = "return document.querySelector('#active-faults').textContent";
    browser
        .until("the fault in force", listed, |text| text.as_str().is_some_and(|t| t.starts_with("freeze host")))
        .await;
    press(&browser, "Thaw").await;
    until_said(&browser, "Over: freeze host").await;
    browser.until("the host to be shown thawed", tags, |tags| !frozen(tags)).await;
    assert_eq!(active(&world).await, 0);

    // Calls are throttled, and lifted by the button in the list.
    browser.run("const list = document.querySelector('#fault-target'); list.selectedIndex = 0; list.dispatchEvent(new Event('change'))").await;
    press(&browser, "DNS: SERVFAIL").await;
    until_said(&browser, "Done: DNS SERVFAIL").await;
    press(&browser, "Lift").await;
    until_said(&browser, "Over: DNS SERVFAIL").await;
    assert_eq!(active(&world).await, 0);

    // A thing that goes while it is chosen: the refusal is said.
    browser.click(".slot .thing").await;
    let task = must(world.snapshot().await).living_tasks("demo").next().expect("it answered").arn.clone();
    must(world.ecs("StopTask", &json!({ "cluster": "doze", "task": task })).await);
    let gone = |now: &e2e::snapshot::Snapshot| now.living_tasks("demo").next().is_none();
    must(world.until("the task to stop", LIMIT, gone).await);
    browser
        .until(
            "the choice to say so",
            "return document.querySelector('#fault-target').selectedOptions[0].textContent",
            |text| text.as_str().is_some_and(|text| text.ends_with("(gone)")),
        )
        .await;
    press(&browser, "Kill the task").await;
    until_said(&browser, "Refused: ").await;
    browser.end().await;
    must(world.end().await);
}
