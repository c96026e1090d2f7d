//! What a world is made with.

use crate::account::Account;
use crate::ecs::placement::Resources;
use crate::pace::Pace;

/// What a world is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose AWS it is.
    pub account: Account,
    /// How fast AWS's own waits pass.
    pub pace: Pace,
    /// The first two bytes of every address.
    pub network: [u8; 2],
    /// Whether tasks have addresses of that network. If not, a task's address is learnt when it has started.
    pub gives_addresses: bool,
    /// Where tasks reach this AWS: `http://127.0.0.1:4566`.
    pub task_endpoint: String,
    /// What a host has.
    pub host: Resources,
    /// What ids begin with.
    pub seed: u64,
    /// Whether the token buckets are looked at.
    pub throttle: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            account: Account::default(),
            pace: Pace::REAL,
            network: [127, 42],
            gives_addresses: true,
            task_endpoint: "http://127.0.0.1:4566".to_owned(),
            // What ECS registers of a t3.micro: two virtual CPUs, and of 1 GiB what the system leaves.
            host: Resources { cpu: 2048, memory: 952 },
            seed: 0,
            throttle: true,
        }
    }
}
