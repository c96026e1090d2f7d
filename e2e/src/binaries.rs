//! Builds the programs with cargo and tells where they are. Nothing is built when all is up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The programs, by name.
#[derive(Clone, Debug)]
pub struct Binaries(BTreeMap<String, PathBuf>);

/// Why there are no programs to run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// cargo could not be started.
    #[error("cannot start cargo")]
    Cargo(#[source] std::io::Error),
    /// cargo said no; it has printed why.
    #[error("the programs do not build; cargo has said why above")]
    Build,
    /// A program is missing in what cargo built.
    #[error("cargo built no program named {0}")]
    Missing(&'static str),
}

const SUPERVISOR: &str = "service-supervisor";

const PROXY: &str = "proxy-sidecar";

const WANTED: [&str; 5] = [PROXY, SUPERVISOR, "instance-agent", "local-aws", "demo-app"];

impl Binaries {
    /// Builds (cargo's progress goes to standard error) and looks.
    ///
    /// # Errors
    /// When cargo cannot build them.
    pub fn build() -> Result<Self, Error> {
        // All binaries of the workspace in one call: any other choice would unify features differently and build the
        // dependencies a second time.
        let found = build(&["build", "--workspace", "--bins"])?;
        match WANTED.iter().find(|name| !found.contains_key(**name)) {
            Some(missing) => Err(Error::Missing(missing)),
            None => Ok(Binaries(found)),
        }
    }

    /// The same for tests: built once a process.
    ///
    /// # Panics
    /// When the programs do not build.
    #[must_use]
    pub fn for_tests() -> &'static Self {
        static BUILT: OnceLock<Binaries> = OnceLock::new();
        BUILT.get_or_init(|| Binaries::build().unwrap_or_else(|error| panic!("{error}")))
    }

    /// Where a program is.
    ///
    /// # Panics
    /// For a name that is none of ours.
    #[must_use]
    pub fn path(&self, name: &str) -> &Path {
        self.0.get(name).unwrap_or_else(|| panic!("{name} is no program of this workspace"))
    }
}

/// Builds the supervisor as it ships, for this target, and tells where it is.
///
/// # Errors
/// When cargo cannot build it.
pub fn shipped_supervisor(target: &str) -> Result<PathBuf, Error> {
    let built = build(&["build", "--locked", "--profile", "small", "--target", target, "-p", SUPERVISOR])?;
    built.get(SUPERVISOR).cloned().ok_or(Error::Missing(SUPERVISOR))
}

/// Builds the supervisor in the usual profile, for this target, and tells where it is.
///
/// # Errors
/// When cargo cannot build it.
pub fn released_supervisor(target: &str) -> Result<PathBuf, Error> {
    released(SUPERVISOR, Some(target))
}

/// Builds the proxy in the profile that ships, for this target or for the machine's own, and tells where it is.
///
/// # Errors
/// When cargo cannot build it.
pub fn released_proxy(target: Option<&str>) -> Result<PathBuf, Error> {
    released(PROXY, target)
}

fn released(program: &'static str, target: Option<&str>) -> Result<PathBuf, Error> {
    let mut arguments = vec!["build", "--locked", "--release", "-p", program, "--bin", program];
    arguments.extend(target.into_iter().flat_map(|target| ["--target", target]));
    build(&arguments)?.get(program).cloned().ok_or(Error::Missing(program))
}

/// Runs cargo; its progress goes to standard error.
fn build(arguments: &[&str]) -> Result<BTreeMap<String, PathBuf>, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("e2e lies in the workspace");
    let output = Command::new(cargo)
        .current_dir(root)
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::Cargo)?;
    if !output.status.success() {
        return Err(Error::Build);
    }
    Ok(output.stdout.split(|b| *b == b'\n').filter_map(executable).collect())
}

/// The name and path of an executable that a line of cargo's JSON tells of.
fn executable(line: &[u8]) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_slice(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}
