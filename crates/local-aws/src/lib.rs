//! (being built)

pub mod runtime;
pub mod views;
