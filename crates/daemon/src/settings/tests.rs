//! The promises of settings, on a sample table.

use super::*;

const PROGRAM: Program = Program {
    name: "sample",
    version: "1.2.3",
    about: "A sample.",
    prefix: "SAMPLE",
    settings: &[
        Setting::new("listen", "ADDR:PORT", "Where it listens.").default("0.0.0.0:9060"),
        Setting::new("idle-timeout", "DURATION", "When it sleeps.").default("300s"),
        Setting::new("service-name", "NAME", "What it serves.").env("SERVICE_NAME"),
        Setting::new("backend", "ADDR:PORT", "A fixed backend.").several(),
        Setting::new("token", "TEXT", "A secret.").secret(),
    ],
    trailing: Some("COMMAND"),
    epilogue: "",
};

fn given(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Given, Stop> {
    let arguments = std::iter::once("sample").chain(arguments.iter().copied()).map(Into::into);
    let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    PROGRAM.given(arguments.collect::<Vec<OsString>>(), environment)
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_default() {
    let environment = [("SAMPLE_IDLE_TIMEOUT", "5m")];
    let mut both = given(&["--idle-timeout", "7s"], &environment).expect("given");
    assert_eq!(both.value("idle-timeout", parse::duration).as_secs(), 7);
    let mut variable = given(&[], &environment).expect("given");
    assert_eq!(variable.value("idle-timeout", parse::duration).as_secs(), 300);
    assert_eq!(variable.value("listen", parse::socket_address).port(), 9060);
}

#[test]
fn every_bad_value_is_listed_at_once_with_its_name_value_and_what_was_expected() {
    let environment = [("SAMPLE_LISTEN", "nine"), ("SAMPLE_IDEL_TIMEOUT", "5m"), ("LOG_FORMAT", "xml")];
    let mut given = given(&["--idle-timeout", "soon"], &environment).expect("given");
    given.value("listen", parse::socket_address);
    given.value("idle-timeout", parse::duration);
    given.logging();
    given.required("service-name", parse::text);
    let Err(Stop::Bad(text)) = given.finish(Some(())) else { panic!("accepted") };
    for part in [
        "SAMPLE_LISTEN is \"nine\": expected an address",
        "--idle-timeout is \"soon\": expected a duration",
        "SAMPLE_IDEL_TIMEOUT is no setting",
        "LOG_FORMAT is \"xml\": expected json or text",
        "SERVICE_NAME (--service-name) is missing",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let mut given = given(&["--token", "hunter2"], &[]).expect("given");
    given.optional::<()>("token", |_| Err("something else"));
    let Err(Stop::Bad(text)) = given.finish(Some(())) else { panic!("accepted") };
    assert!(!text.contains("hunter2"));
}

#[test]
fn several_come_from_repeated_flags_or_a_list() {
    let mut flags = given(&["--backend", "10.0.0.1:1", "--backend", "10.0.0.2:2"], &[]).expect("given");
    assert_eq!(flags.several("backend", parse::socket_address).len(), 2);
    let mut list = given(&[], &[("SAMPLE_BACKEND", "10.0.0.1:1, 10.0.0.2:2")]).expect("given");
    assert_eq!(list.several("backend", parse::socket_address).len(), 2);
}

#[test]
fn the_command_after_the_dashes_is_kept_as_it_is() {
    let given = given(&["--listen", "0.0.0.0:1", "--", "app", "--listen", "x"], &[]).expect("given");
    assert_eq!(given.trailing(), ["app", "--listen", "x"]);
}

#[test]
fn help_and_version_are_told_and_an_unknown_flag_is_refused() {
    let Err(Stop::Told(help)) = given(&["--help"], &[]) else { panic!("no help") };
    for part in ["--idle-timeout", "[default: 300s]", "SAMPLE_IDLE_TIMEOUT", "SERVICE_NAME"] {
        assert!(help.contains(part), "{part:?} is not in:\n{help}");
    }
    assert!(matches!(given(&["--version"], &[]), Err(Stop::Told(text)) if text.contains("1.2.3")));
    assert!(matches!(given(&["--nonsense"], &[]), Err(Stop::Bad(_))));
}
