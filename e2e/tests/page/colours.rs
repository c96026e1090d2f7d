//! Contrast in both themes, computed as WCAG 2.2 has it (1.4.3, 1.4.11).

use serde_json::{Value, json};

use crate::access::wakeful;
use crate::{must, turn, world_and_page};

/// Every visible text with too little contrast to what is behind it, and every bar of the time line.
const FAINT: &str = include_str!("faint.js");

#[tokio::test]
async fn every_text_can_be_read_in_light_and_in_dark() {
    let Some(_turn) = turn().await else { return };
    let (world, browser) = world_and_page(wakeful()).await;
    assert_eq!(must(world.get("/host").await).0, 200);
    browser.until("the record", "return document.querySelectorAll('.records li').length", |n| *n == json!(1)).await;
    // One of each mood that a mark can have, wherever the world has none now.
    browser
        .run(
            "for (const kind of ['pill', 'tag']) for (const mood of ['good', 'wait', 'leave', 'off', 'accent', 'bad']) { \
             const mark = document.createElement('span'); mark.className = kind + ' ' + mood; mark.textContent = mood; \
             document.querySelector('#world').append(mark); }",
        )
        .await;
    for scheme in ["light", "dark"] {
        // Without motion nothing is half transparent when we look.
        browser.prefers(scheme, "reduce").await;
        let background = "return getComputedStyle(document.body).backgroundColor";
        let colour = browser.run(background).await;
        assert_eq!(colour == "rgb(20, 22, 28)", scheme == "dark", "{colour}");
        let seen = browser.run(FAINT).await;
        assert!(seen["looked"].as_u64() > Some(40), "{seen}");
        assert_eq!(seen["faint"], Value::Array(Vec::new()), "{scheme}");
    }
    let moving = browser.run("return document.getAnimations().length").await;
    assert_eq!(moving, json!(0), "who wants no motion gets none");
    browser.end().await;
    must(world.end().await);
}
