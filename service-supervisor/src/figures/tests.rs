use std::time::SystemTime;

use task_state::Cause;

use super::*;

fn figures() -> Figures {
    let mut tally = Tally::default();
    tally.drained(Cause::Idle);
    tally.drained(Cause::Asked);
    tally.call_backs = 1;
    Figures {
        service: "demo".parse().expect("name"),
        state: State::Awake { ready: true },
        up: Duration::from_millis(61_250),
        awake: Some(Duration::from_secs(60)),
        idle: Duration::from_millis(1_500),
        proxies: 2,
        agents: 1,
        in_flight: 7,
        holders: 0,
        tally,
        restarts: 3,
        cpu_time: Some(Duration::from_millis(2_500)),
        cpu: Some(CpuUse { used_millicores: 40, limit_millicores: Some(250) }),
        memory: Some(MemoryUse { used_bytes: 1_048_576, limit_bytes: None }),
    }
}

#[test]
fn prometheus_is_told_every_figure_with_its_service() {
    let text = prometheus::text(&figures());
    for line in [
        "# TYPE doze_supervisor_state gauge",
        "doze_supervisor_state{service=\"demo\",state=\"awake\"} 1",
        "doze_supervisor_state{service=\"demo\",state=\"draining\"} 0",
        "doze_supervisor_idle_seconds{service=\"demo\"} 1.500",
        "doze_supervisor_watchers{service=\"demo\",role=\"proxy\"} 2",
        "doze_supervisor_drains_total{service=\"demo\",cause=\"asked\"} 1",
        "doze_supervisor_restarts_total{service=\"demo\"} 3",
        "doze_supervisor_cpu_cores{service=\"demo\"} 0.040",
        "doze_supervisor_memory_bytes{service=\"demo\"} 1048576",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("doze_supervisor_memory_limit_bytes{"), "what is not known is absent");
    assert!(text.ends_with('\n'));
}

#[test]
fn cloud_watch_is_told_by_one_line_of_json_with_the_service_as_its_only_dimension() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_732_270_000_123);
    let line = emf::line(&figures(), at);
    assert!(line.ends_with('\n') && line.lines().count() == 1);
    let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(told["_aws"]["Timestamp"], 1_732_270_000_123_u64);
    let about = &told["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(
        (about["Namespace"].as_str(), &about["Dimensions"]),
        (Some("Doze"), &serde_json::json!([["ServiceName"]]))
    );
    assert_eq!(told["ServiceName"], "demo");
    let metrics = about["Metrics"].as_array().expect("metrics");
    for metric in metrics {
        assert!(told[metric["Name"].as_str().expect("name")].is_number(), "{metric} has no value");
    }
    assert_eq!((told["AwakeSeconds"].as_f64(), told["InFlight"].as_u64()), (Some(60.0), Some(7)));
    assert_eq!(metrics.len(), 8);
}

#[test]
fn every_metric_is_documented() {
    let documented = include_str!("../../../docs/supervisor.md");
    for metric in METRICS {
        assert!(documented.contains(&format!("`{}`", metric.name)), "{} is not in docs/supervisor.md", metric.name);
        if let Some((name, _)) = metric.cloud_watch {
            assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/supervisor.md");
        }
    }
}
