//! Many callers at once are one wake.

use e2e::world::Options;

use crate::{field, must, world};

#[tokio::test]
async fn fifty_first_callers_at_once_start_one_task_and_all_get_its_answer() {
    let world = world(Options::default()).await;
    let url = world.url("/host");
    let callers: Vec<_> = (0..50)
        .map(|_| {
            // A client each: no caller waits for another's connection.
            let (client, url) = (reqwest::Client::new(), url.clone());
            tokio::spawn(async move {
                let response = client.get(url).send().await.map_err(|e| e.to_string())?;
                let status = response.status().as_u16();
                let body = response.text().await.map_err(|e| e.to_string())?;
                Ok::<_, String>((status, body))
            })
        })
        .collect();
    let mut tasks = std::collections::BTreeSet::new();
    for caller in callers {
        let (status, body) =
            caller.await.expect("no caller panics").unwrap_or_else(|e| panic!("a caller was lost: {e}"));
        assert_eq!(status, 200, "{body}");
        tasks.insert(field(&body, "task").to_string());
    }
    assert_eq!(tasks.len(), 1, "more than one task answered: {tasks:?}");
    assert_eq!(must(world.snapshot().await).tasks_of("demo").count(), 1, "more than one task was started");
    must(world.end().await);
}
