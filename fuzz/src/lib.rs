//! What each fuzz target does with its bytes. A test of local-aws includes this file and does the same with the corpora.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use daemon::moment::Moment;
use local_aws::call::Service;
use local_aws::dns::resolver::Resolver;
use local_aws::dns::{Transport, answer};
use local_aws::ecs::query::{Facts, Query};
use local_aws::pace::Wall;
use local_aws::query::form;
use local_aws::query::xml::{self, Content};
use local_aws::world::World;
use local_aws::world::settings::Settings;
use local_aws::world::state::State;
use serde_json::Value;

/// What exists before the first call of an input: a line for each call, as in an input of [`calls`].
const WORLD: &str = include_str!("world.txt");
/// Lines of an input that are read: more find nothing new.
const MOST_CALLS: usize = 50;

static ZONES: LazyLock<World> = LazyLock::new(|| {
    let world = World::new(Settings::default());
    let entries: Vec<Value> = WORLD
        .lines()
        .filter_map(|line| {
            let (call, body) = line.split_once(' ')?;
            Some(serde_json::json!({ "call": call, "with": serde_json::from_str::<Value>(body).ok()? }))
        })
        .collect();
    world.make(&Value::Array(entries).to_string()).expect("the world is right");
    world
});

fn transport(bytes: &[u8]) -> Transport {
    if bytes.len().is_multiple_of(2) { Transport::Udp } else { Transport::Tcp }
}

/// A packet for the zones' own server. What is answered is a packet that the server itself can read.
pub fn dns(bytes: &[u8]) {
    let reply = answer(bytes, transport(bytes), &*ZONES, 7);
    if let Some(reply) = reply {
        assert!(reply.len() >= 12 && reply[..2] == bytes[..2], "the answer has the query's id");
        // An answer is no query: nobody can make two servers talk for ever.
        assert_eq!(answer(&reply, Transport::Tcp, &*ZONES, 7), None);
    }
}

/// A packet for the caching resolver, twice: what it remembers is as good as what it found.
pub fn resolver(bytes: &[u8]) {
    let mut resolver = Resolver::default();
    let first = resolver.answer(bytes, transport(bytes), &*ZONES, Moment::START, 7);
    let second = resolver.answer(bytes, transport(bytes), &*ZONES, Moment::START, 7);
    assert_eq!(first, second);
    let _ = resolver.answer(bytes, transport(bytes), &*ZONES, Moment::START + Duration::from_secs(3600), 8);
}

/// A form of the Query protocol, for both services that read forms, and the XML of what was read.
pub fn form(bytes: &[u8]) {
    if let Ok(call) = form::read(bytes) {
        assert!(!call.action.is_empty() && call.body.is_object());
        let _ = local_aws::sqs::query::read(&call.body);
        let said = xml::error("n", ("Sender", "Code", &call.action), "id");
        assert!(said.chars().all(xml::is_xml) && !said.contains('\r'));
        let content = Content::Text(call.body.to_string());
        assert!(xml::answer("n", "Read", &content, "id").ends_with("</ReadResponse>"));
    }
}

/// An expression of ECS's cluster query language, asked of a container instance.
pub fn language(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(query) = Query::read(text)
    {
        let means = query.means(&Instance);
        assert_ne!(means, Query::Not(Box::new(query)).means(&Instance));
    }
}

/// A container instance of which everything is known.
struct Instance;

impl Facts for Instance {
    fn agent_connected(&self) -> bool {
        true
    }

    fn agent_version(&self) -> &str {
        "1.105.1"
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        (name == "ecs.os-type").then_some("linux")
    }

    fn ec2_instance_id(&self) -> &str {
        "i-0123456789abcdef0"
    }

    fn registered_at(&self) -> i64 {
        1_780_000_000
    }

    fn running_tasks_count(&self) -> usize {
        3
    }

    fn has_task_of_group(&self, is: &dyn Fn(&str) -> bool) -> bool {
        is("service:web")
    }
}

/// Calls to the world, one a line: `ecs.RunTask {"cluster":"doze"}`; a number alone lets so many seconds pass.
pub fn calls(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut state = State::new(Settings::default(), Wall::starting(UNIX_EPOCH));
    let mut now = Moment::START;
    for line in WORLD.lines().chain(text.lines().take(MOST_CALLS)) {
        if let Ok(seconds) = line.parse::<u16>() {
            now = now + Duration::from_secs(u64::from(seconds));
            for _ in 0..10 {
                state.advance(state.deadline().min(now));
            }
            state.advance(now);
        } else if let Some((call, body)) = line.split_once(' ')
            && let Some((service, operation)) = call.split_once('.')
            && let Some(service) = Service::named(service)
            && let Ok(body @ Value::Object(_)) = serde_json::from_str(body)
        {
            let _ = state.call(now, service, operation, body);
        }
        let _ = state.take_actions();
    }
    let _ = (state.snapshot(), state.deadline());
}
