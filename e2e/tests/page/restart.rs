//! local-aws goes and comes again.

use std::time::Duration;

use e2e::binaries::Binaries;
use e2e::network::Network;
use e2e::process::Process;
use e2e::timeline::Timeline;
use serde_json::json;

use crate::browser::Browser;
use crate::turn;

const LINK: &str = "return document.querySelector('#link').textContent";

fn cloud(network: &Network, timeline: &Timeline) -> Process {
    let (listen, addresses) = (network.own(1, 4566).to_string(), network.cidr());
    let arguments = ["--listen", &listen, "--network", &addresses, "--time-factor", "60"].map(str::to_owned);
    let binary = Binaries::for_tests().path("local-aws");
    Process::start("local-aws", binary, &arguments, &[], timeline).expect("it starts")
}

async fn create_group(http: &reqwest::Client, network: &Network, timeline: &Timeline, name: &str) {
    let form = format!(
        "Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName={name}&MinSize=1&MaxSize=2\
         &LaunchTemplate.LaunchTemplateName=t&AvailabilityZones.member.1=eu-west-1a"
    );
    let call = || {
        http.post(format!("http://{}/", network.own(1, 4566)))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.clone())
    };
    let begun = std::time::Instant::now();
    loop {
        match call().send().await {
            Ok(answer) => {
                assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
                return;
            }
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}\n{}", timeline.print()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_page_says_that_local_aws_has_gone_and_shows_the_next_one_from_its_beginning() {
    let Some(_turn) = turn().await else { return };
    let (network, timeline, http) = (Network::claim(), Timeline::default(), reqwest::Client::new());
    let mut first = cloud(&network, &timeline);
    create_group(&http, &network, &timeline, "before").await;
    let browser = Browser::start().await;
    browser.go(&format!("http://{}/", network.own(1, 4566))).await;
    browser.until_live().await;
    let groups = "return document.querySelector('#groups').textContent";
    browser.until("the group", groups, |text| text.as_str().is_some_and(|text| text.starts_with("before"))).await;
    let events = "return document.querySelectorAll('#events li').length";
    browser.until("its host's events", events, |count| count.as_u64() > Some(0)).await;

    first.stop(Duration::from_secs(10)).await.expect("it ends");
    browser.until("the page to say so", LINK, |text| *text == json!("local-aws does not answer, trying again")).await;
    assert!(browser.text("#groups").await.contains("before"), "what was last known stays");

    let mut second = cloud(&network, &timeline);
    create_group(&http, &network, &timeline, "after").await;
    browser.until_live().await;
    browser.until("the new group", groups, |text| text.as_str().is_some_and(|text| text.starts_with("after"))).await;
    let told = "return document.querySelector('#events').textContent";
    browser
        .until("only the new one's events", told, |text| {
            text.as_str().is_some_and(|text| text.contains("group after") && !text.contains("group before"))
        })
        .await;
    browser.end().await;
    second.stop(Duration::from_secs(10)).await.expect("it ends");
}
