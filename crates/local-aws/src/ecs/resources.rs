//! CPU and memory: what a host has, what a task reserves.

/// CPU units and MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// 1024 are one virtual CPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
}

impl Resources {
    /// Whether `wanted` fits into this.
    #[must_use]
    pub const fn holds(self, wanted: Resources) -> bool {
        wanted.cpu <= self.cpu && wanted.memory <= self.memory
    }

    /// This and `more`.
    #[must_use]
    pub const fn with(self, more: Resources) -> Resources {
        Resources { cpu: self.cpu.saturating_add(more.cpu), memory: self.memory.saturating_add(more.memory) }
    }

    /// What is left without `used`.
    #[must_use]
    pub const fn without(self, used: Resources) -> Resources {
        Resources { cpu: self.cpu.saturating_sub(used.cpu), memory: self.memory.saturating_sub(used.memory) }
    }
}
