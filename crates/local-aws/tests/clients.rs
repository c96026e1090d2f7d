//! Clients that nobody here wrote: boto3 and the AWS CLI, each with every operation, against local-aws; the same tests
//! against moto, and how the two differ. The tests are Python, in `clients/`; this makes their environment and runs them.
//!
//! It fetches packages from PyPI, so it runs only when `E2E_CLIENTS=1` says so (`.ci/run` does), and says that it was
//! skipped otherwise.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// Where the Python tests and their requirements are.
fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

fn succeeds(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

/// The Python of a virtual environment with exactly what a requirements file names. It lies under the target directory
/// and is found again until the file changes.
fn python(requirements: &str) -> PathBuf {
    let file = tests().join(requirements);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clients-{:016x}", hasher.finish()));
    let python = place.join("bin/python");
    let complete = place.join("complete");
    if !complete.exists() {
        succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place));
        succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"]).arg(&file));
        std::fs::write(complete, "").expect("the target directory is writable");
    }
    python
}

/// Runs pytest with `words`; what it says is this test's output. Whether all passed.
fn pytest(python: &Path, words: &[&str]) -> bool {
    let mut command = Command::new(python);
    let binary = concat!("--local-aws=", env!("CARGO_BIN_EXE_local-aws"));
    command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", binary]).args(words);
    command.current_dir(tests()).stdin(Stdio::null());
    let output = command.output().expect("Python was there a moment ago");
    println!("{command:?}\n{}", String::from_utf8_lossy(&output.stdout));
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn boto3_and_the_aws_cli_find_in_local_aws_what_aws_documents() {
    if std::env::var("E2E_CLIENTS").as_deref() != Ok("1") {
        println!("skipped: boto3, the AWS CLI and moto come from PyPI; E2E_CLIENTS=1 runs it");
        return;
    }
    let (today, query) = thread::scope(|scope| {
        let today = scope.spawn(|| python("requirements.txt"));
        let query = scope.spawn(|| python("requirements-2023.txt"));
        (today.join().expect("installed"), query.join().expect("installed"))
    });
    let runs: [(&Path, &[&str]); 3] = [
        (&today, &["--target=local-aws"]),
        (&today, &["--target=moto"]),
        // The last boto3 that spoke the Query protocol to SQS.
        (&query, &["--target=local-aws", "test_sqs.py", "test_sqs_fifo.py"]),
    ];
    let passed: Vec<bool> = thread::scope(|scope| {
        let runs: Vec<_> = runs.iter().map(|(python, words)| scope.spawn(|| pytest(python, words))).collect();
        runs.into_iter().map(|run| run.join().expect("it ran")).collect()
    });
    assert_eq!(passed, [true; 3], "against local-aws, against moto, in the Query protocol");
}
