//! The stages of the proxy's end, which listeners, connections and answers follow.

/// How far the proxy's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Serving.
    Open,
    /// Still accepting, but replies tell their callers that the connection ends.
    Leaving,
    /// Accepting nothing new; what is under way is finished.
    Closing,
    /// What is left is cut.
    Stop,
}
