//! Names, attributes and lines that would like to be more than text.

use e2e::world::Options;
use serde_json::json;

use crate::{must, turn, world_and_page};

const EVIL: &str = "<img src=x onerror=document.title='hacked'>\"'><script>document.title='hacked'</script>";

#[tokio::test]
async fn hostile_names_are_shown_as_the_text_that_they_are() {
    let Some(_turn) = turn().await else { return };
    let (world, browser) = world_and_page(Options::default()).await;
    let long = "x".repeat(300);
    for name in [EVIL, long.as_str()] {
        let environment = json!([{ "name": "SERVICE_NAME", "value": name }]);
        let overrides = json!({ "containerOverrides": [{ "name": "app", "environment": environment }] });
        let call = json!({ "cluster": "doze", "taskDefinition": "demo", "overrides": overrides });
        must(world.ecs("RunTask", &call).await);
    }
    let shown = "return [...document.querySelectorAll('.name, .who')].map(one => one.textContent)";
    browser
        .until("the name", shown, |names| names.as_array().is_some_and(|names| names.iter().any(|name| name == EVIL)))
        .await;
    let told = "return document.querySelector('#events').textContent + document.querySelector('#wake').textContent";
    browser.until("the event", told, |text| text.as_str().is_some_and(|text| text.contains("<img src=x"))).await;
    browser.width(390).await;
    let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
    assert!(wide[0].as_u64() <= wide[1].as_u64(), "a long name makes the page {wide} wide");
    assert_eq!(browser.run("return document.querySelectorAll('main img, main script').length").await, json!(0));
    assert_eq!(browser.run("return document.title").await, json!("Doze: the local cloud"));

    // And if markup got in, it could not run.
    browser
        .run("const script = document.createElement('script'); script.textContent = 'document.title = \"hacked\"'; document.body.append(script)")
        .await;
    assert_eq!(browser.run("return document.title").await, json!("Doze: the local cloud"));
    browser.end().await;
    must(world.end().await);
}
