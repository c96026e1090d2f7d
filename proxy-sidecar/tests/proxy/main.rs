//! The proxy from outside: real sockets on both sides, judged by the bytes that pass, and states waited for with a
//! limit. The supervisors and the AWS of these tests are stand-ins in this folder.

mod aws;
mod discovery;
mod dns;
mod ending;
mod leases;
mod pair;
mod passing;
mod process;
mod strict;
mod supervisor;
mod wake;
mod wire;
