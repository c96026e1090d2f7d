//! The agent of one EC2 host: it registers the host's tasks in Cloud Map, keeps the host protected from scale-in, and
//! releases it when it has been empty for a while (rules A1 to A5 of the protocol).
//!
//! A tour, in the order of the data's way:
//! - [`run`] turns the loop: observe → plan → apply → status.
//! - [`identify`] learns who the host is, [`introspect`] asks the ECS agent for its tasks, [`follow`] follows their
//!   supervisors. What they bring is folded into one value, [`observe::Observed`].
//! - [`plan::Plan`] is made of that value alone: a list of [`plan::step::Step`]s.
//! - [`apply`] carries each step out; its [`plan::step::Outcome`] is folded into what is observed.
//! - [`status`] shows all of it to people; [`news`] is what the log says.
//!
//! [`observe`], [`plan`] and [`news`] decide and are pure; the others act and hold no opinion.
//!
//! Guarantees: nothing is removed because something could not be learnt. A host's protection is never taken off. A kill
//! at any moment leads back to the same place: nothing is kept that could not be learnt again.

pub mod apply;
pub mod caller;
pub mod config;
pub mod follow;
pub mod identify;
pub mod introspect;
pub mod news;
pub mod observe;
pub mod plan;
pub mod run;
pub mod status;
