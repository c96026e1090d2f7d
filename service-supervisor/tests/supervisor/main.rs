//! What the supervisor promises, seen from outside: the real binary, real apps, real sockets.
//!
//! Each test has a loopback address of its own, so that all run side by side on the usual ports.

mod app;
mod asking;
mod authority;
mod bare;
mod busy;
mod drains;
mod ecs;
mod evidence;
mod figures;
mod hostile;
mod orders;
mod pid_one;
mod processes;
mod restarts;
mod rig;
mod shutdown_file;
mod signals;
mod surroundings;
mod terminals;
mod watching;
