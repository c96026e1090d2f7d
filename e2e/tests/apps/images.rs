//! The images: built once a process, one after the other, from `image/` and the supervisor as it ships.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use e2e::binaries::shipped_supervisor;

/// The targets of `image/Dockerfile` in their order there.
const TARGETS: [&str; 5] = ["nginx", "postgresql", "python", "java", "static"];

/// The image of a target.
pub(crate) fn image(target: &str) -> String {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let context = context();
        TARGETS.iter().for_each(|target| build(target, &context));
    });
    name(target)
}

fn name(target: &str) -> String {
    format!("doze-apps-{target}")
}

fn context() -> PathBuf {
    let context = Path::new(env!("CARGO_TARGET_TMPDIR")).join("apps");
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let supervisor = shipped_supervisor(&target).unwrap_or_else(|error| panic!("{error}"));
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps/image");
    fs::create_dir_all(&context).expect("a folder in the target folder");
    let copy = |from: &Path| {
        let to = context.join(from.file_name().expect("a file"));
        fs::copy(from, &to).unwrap_or_else(|error| panic!("{} to {}: {error}", from.display(), to.display()));
    };
    copy(&supervisor);
    for file in fs::read_dir(&files).expect("the folder beside this file") {
        copy(&file.expect("a file of it").path());
    }
    context
}

fn build(target: &str, context: &Path) {
    eprintln!("building the image {}", name(target));
    let built = Command::new("docker")
        .args(["build", "--target", target, "--tag", &name(target)])
        .arg(context)
        .output()
        .expect("E2E_CONTAINERS is set, so docker is there");
    let said = String::from_utf8_lossy(&built.stdout) + String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "the image {target} does not build:\n{said}");
}
