//! The page by keyboard, by screen reader, and on a phone.

use std::time::Duration;

use e2e::world::Options;
use serde_json::json;

use crate::browser::{Browser, DOWN, ENTER, TAB};
use crate::{must, turn, world_and_page};

/// A world that stays awake for as long as a test looks.
pub(crate) fn wakeful() -> Options {
    let mut options = Options::default();
    options.pace.idle = Duration::from_secs(300);
    options
}

const FOCUS: &str = "const at = document.activeElement; return at.id || at.className || at.tagName";

/// Presses Tab until the focus is where a script says so.
async fn tab_until(browser: &Browser, what: &str, script: &str) {
    for _ in 0..80 {
        browser.press(TAB).await;
        let ring = "const style = getComputedStyle(document.activeElement); \
                    return document.activeElement === document.body || style.outlineStyle !== 'none' || document.activeElement.matches('.skip')";
        assert_eq!(browser.run(ring).await, json!(true), "the focus cannot be seen at {}", browser.run(FOCUS).await);
        if browser.run(script).await == json!(true) {
            return;
        }
    }
    panic!("Tab does not reach {what}; it is at {}", browser.run(FOCUS).await);
}

#[tokio::test]
async fn a_task_is_chosen_and_a_fault_picked_by_keyboard_alone() {
    let Some(_turn) = turn().await else { return };
    let (world, browser) = world_and_page(wakeful()).await;
    assert_eq!(must(world.get("/host").await).0, 200);
    browser
        .until("the task", "return document.querySelectorAll('.slot .thing').length", |count| *count == json!(1))
        .await;
    browser.press(TAB).await;
    assert_eq!(browser.run(FOCUS).await, json!("skip"), "the first stop is the way past everything");
    tab_until(&browser, "the task", "return document.activeElement.matches('.slot .thing')").await;
    browser.press(ENTER).await;
    assert_eq!(browser.run(FOCUS).await, json!("fault-target"), "choosing leads to what can be done");
    let chosen = browser.run("return document.querySelector('#fault-target').selectedOptions[0].textContent").await;
    assert!(chosen.as_str().is_some_and(|text| text.starts_with("task ") && text.ends_with(", demo")), "{chosen}");
    tab_until(&browser, "a button", "return document.activeElement.matches('#fault-buttons button')").await;
    assert_eq!(browser.run("return document.activeElement.textContent").await, json!("Kill the task"));

    // The list of things is a real one: arrows change it.
    browser.run("document.querySelector('#fault-target').focus()").await;
    let before = browser.run("return document.querySelector('#fault-target').value").await;
    browser.press("\u{e013}").await;
    browser.press(DOWN).await;
    assert_eq!(browser.run("return document.querySelector('#fault-target').value").await, before);
    tab_until(&browser, "the events", "return document.activeElement.id === 'events'").await;
    browser.end().await;
    must(world.end().await);
}

#[tokio::test]
async fn a_screen_reader_is_told_what_everything_is() {
    let Some(_turn) = turn().await else { return };
    let (world, browser) = world_and_page(wakeful()).await;
    assert_eq!(must(world.get("/host").await).0, 200);
    browser.until("the record", "return document.querySelectorAll('.records li').length", |n| *n == json!(1)).await;

    let expected = [
        ("header", "banner", ""),
        ("main", "main", ""),
        ("h1", "heading", "The local cloud"),
        ("#wake", "region", "Wake of demo"),
        ("#hosts", "list", ""),
        ("#faults", "region", "Break something"),
        ("#fault-target", "combobox", "What"),
        ("#fault-buttons", "group", "Break something"),
        ("#fault-said", "status", ""),
        ("#events", "log", "What happens"),
        ("#with-log", "checkbox", "what programs print"),
        ("#wake-steps", "list", "Steps of the wake"),
        ("#link", "status", ""),
    ];
    for (selector, role, label) in expected {
        let found = browser.accessible(&browser.find(selector).await).await.expect("it stays");
        assert_eq!((found.0.as_str(), found.1.as_str()), (role, label), "{selector}");
    }
    // Whatever can be pressed has a name, and is what it looks like.
    for element in browser.find_all("button, select, input, summary, a").await {
        if let Some((role, label)) = browser.accessible(&element).await {
            assert!(role == "none" || role == "generic" || !label.is_empty(), "a {role} without a name");
        }
    }
    let task = browser.accessible(&browser.find(".slot .thing").await).await.expect("it stays");
    assert!(task.0 == "button" && task.1.starts_with("Choose task ") && task.1.ends_with(" of demo"), "{task:?}");

    let headings = "return [...document.querySelectorAll('h1, h2, h3')].filter(one => one.checkVisibility()).map(one => +one.tagName[1])";
    let headings = browser.run(headings).await;
    let headings: Vec<i64> =
        headings.as_array().expect("headings").iter().filter_map(serde_json::Value::as_i64).collect();
    assert_eq!(headings.iter().filter(|level| **level == 1).count(), 1);
    assert!(headings.windows(2).all(|pair| pair[1] - pair[0] <= 1), "a level is left out: {headings:?}");
    // Pictures say nothing that is not said in words; nothing chatters.
    let pictures =
        "return [...document.querySelectorAll('svg')].every(one => one.getAttribute('aria-hidden') === 'true')";
    assert_eq!(browser.run(pictures).await, json!(true));
    assert_eq!(browser.run("return document.querySelector('#events').getAttribute('aria-live')").await, json!("off"));
    browser.end().await;
    must(world.end().await);
}

#[tokio::test]
async fn a_phone_shows_everything_without_scrolling_sideways() {
    let Some(_turn) = turn().await else { return };
    let (world, browser) = world_and_page(wakeful()).await;
    assert_eq!(must(world.get("/host").await).0, 200);
    browser.until("the record", "return document.querySelectorAll('.records li').length", |n| *n == json!(1)).await;
    browser.click("#with-log").await;
    for width in [390, 360, 900, 1400] {
        browser.width(width).await;
        let drawn =
            "return document.querySelector('#wake-up').clientWidth <= document.querySelector('#wake').clientWidth";
        browser.until("the time line to follow", drawn, |fits| *fits == json!(true)).await;
        let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
        assert!(wide[0].as_u64() <= wide[1].as_u64(), "{width}: {wide}");
        let out = "return [...document.querySelectorAll('main *')].filter(one => { const box = one.getBoundingClientRect(); \
                   return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1) && !one.closest('#events') && !one.closest('svg'); }) \
                   .map(one => one.id || one.className)";
        assert_eq!(browser.run(out).await, json!([]), "{width}: sticks out");
        let small = "return [...document.querySelectorAll('button, select')].filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 24).map(one => one.textContent)";
        assert_eq!(browser.run(small).await, json!([]), "{width}: too small to be hit");
    }
    browser.end().await;
    must(world.end().await);
}
