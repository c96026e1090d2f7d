use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Facts, Invalid, Query};

struct Host {
    attributes: BTreeMap<&'static str, &'static str>,
    running: usize,
    groups: Vec<&'static str>,
}

impl Facts for Host {
    fn agent_connected(&self) -> bool {
        true
    }
    fn agent_version(&self) -> &str {
        "1.105.1"
    }
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).copied()
    }
    fn ec2_instance_id(&self) -> &str {
        "i-0abc"
    }
    fn registered_at(&self) -> i64 {
        1_780_000_000
    }
    fn running_tasks_count(&self) -> usize {
        self.running
    }
    fn has_task_of_group(&self, is: &dyn Fn(&str) -> bool) -> bool {
        self.groups.iter().any(|group| is(group))
    }
}

fn means(text: &str) -> bool {
    let host = Host {
        attributes: [("ecs.instance-type", "t3.micro"), ("ecs.availability-zone", "eu-west-1a"), ("empty", "")].into(),
        running: 2,
        groups: vec!["service:shop", "family:demo"],
    };
    Query::read(text).unwrap_or_else(|error| panic!("{text}: {error}")).means(&host)
}

#[test]
fn every_subject_and_operator_of_the_guide_is_understood() {
    for text in [
        "agentConnected == true",
        "agentConnected != false",
        "agentConnected in [true]",
        "agentVersion >= 1.20.0",
        "agentVersion < 1.106",
        "agentVersion greater_than 1.99.9",
        "attribute:ecs.instance-type == t3.micro",
        "attribute:ecs.instance-type =~ t3.*",
        "attribute:ecs.instance-type =~ (t2|t3)\\.m.*",
        "attribute:ecs.instance-type !~ m5.*",
        "attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]",
        "attribute:ecs.availability-zone !in [eu-west-1b]",
        "attribute:ecs.availability-zone not_in [eu-west-1b]",
        "attribute:empty exists",
        "attribute:nothing !exists",
        "attribute:nothing not_exists",
        "attribute:nothing != x",
        "ec2InstanceId == i-0abc",
        "ec2InstanceId in [i-1,i-0abc]",
        "ec2InstanceId in ['i-1', 'i-0abc']",
        "ec2InstanceId == \"i-0abc\"",
        "attribute:ecs.instance-type =~ 't3.*'",
        "registeredAt > 2018-06-18T22:28:28+00:00",
        "registeredAt > 2018-06-18T22:28:28Z",
        "registeredAt >= 2018-06-18T22:28:28",
        "registeredAt > 2018-06-18",
        "registeredAt < 2099-01-01",
        "runningTasksCount == 2",
        "runningTasksCount<3",
        "runningTasksCount less_than_equal 2",
        "task:group == service:shop",
        "task:group != service:other",
        "task:group =~ service:.*",
    ] {
        assert!(means(text), "{text}");
    }
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    assert!(means("runningTasksCount == 2 or runningTasksCount == 9 and agentConnected == false"));
    assert!(!means("(runningTasksCount == 2 or runningTasksCount == 9) and agentConnected == false"));
    assert!(means("not(task:group == database) && runningTasksCount == 2"));
    assert!(means("not (task:group == database || runningTasksCount == 9)"));
    assert!(means("!(runningTasksCount>2)"));
    assert!(!means("not not runningTasksCount > 2"));
    assert!(means("(attribute:ecs.instance-type =~ (t3|t2).*) && (agentConnected==true)"));
}

#[test]
fn a_pattern_has_to_match_the_whole() {
    assert!(!means("attribute:ecs.instance-type =~ t3"));
    assert!(!means("attribute:ecs.instance-type =~ t2|t3"));
}

#[test]
fn what_is_no_expression_says_why() {
    let why = |text: &str| Query::read(text).expect_err(text);
    assert_eq!(why(""), Invalid::Ends);
    assert_eq!(why("runningTasksCount <"), Invalid::Ends);
    assert_eq!(why("(runningTasksCount < 3"), Invalid::Unclosed);
    assert_eq!(why("runningTasksCount < 3)"), Invalid::Unexpected(")".to_owned()));
    assert_eq!(why("runningTasksCount < many"), Invalid::Argument("many".to_owned()));
    assert_eq!(why("runningTasksCount < -1"), Invalid::Argument("-1".to_owned()));
    assert_eq!(why("runningTasksCount in [1]"), Invalid::Operator("in".to_owned()));
    assert_eq!(why("pendingTasksCount < 3"), Invalid::Subject("pendingTasksCount".to_owned()));
    assert_eq!(why("attribute: == 3"), Invalid::Subject("attribute:".to_owned()));
    assert_eq!(why("attribute:x < 3"), Invalid::Operator("<".to_owned()));
    assert_eq!(why("attribute:x =~ ("), Invalid::Argument("(".to_owned()));
    assert_eq!(why("attribute:x in [a"), Invalid::Unclosed);
    assert_eq!(why("attribute:x in [a,,b]"), Invalid::Unexpected("[a, , b]".to_owned()));
    assert_eq!(why("attribute:x inside [a]"), Invalid::Operator("inside".to_owned()));
    assert_eq!(why("registeredAt > yesterday"), Invalid::Argument("yesterday".to_owned()));
    assert_eq!(why(&"x".repeat(2001)), Invalid::Long);
    assert_eq!(why(&"(".repeat(1999)), Invalid::Deep);
    assert_eq!(why(&"!".repeat(1999)), Invalid::Deep);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}") {
        let _ = Query::read(&text);
    }

    #[test]
    fn no_heap_of_its_own_words_makes_it_panic(
        words in proptest::collection::vec(
            prop_oneof![
                Just("("), Just(")"), Just("and"), Just("||"), Just("!"), Just("not"), Just("in"), Just("!in"),
                Just("[a,b]"), Just("["), Just("=~"), Just("(a"), Just("attribute:x"), Just("task:group"),
                Just("runningTasksCount"), Just("<"), Just("3"), Just("exists"), Just("!exists"), Just("registeredAt"), Just("'"),
            ],
            0..60,
        )
    ) {
        let _ = Query::read(&words.join(" "));
        let _ = Query::read(&words.concat());
    }

    #[test]
    fn a_query_and_its_negation_never_agree(count in 0u32..5, order in prop_oneof![Just("<"), Just(">="), Just("==")]) {
        let text = format!("runningTasksCount {order} {count}");
        prop_assert_ne!(means(&text), means(&format!("not ({text})")));
    }
}
