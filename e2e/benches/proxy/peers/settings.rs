//! The settings of each, as fair as they can be made: one worker, kept connections on both sides without a bound on
//! their requests, no log of requests, the caller's address passed on. Where a default would cost a peer without need
//! (nginx closes connections after 1,000 requests, opens those beyond the kept ones anew, and buffers large answers in
//! files) it is set to its advantage; all else is as they come. `no strict-limits`: HAProxy has
//! room for two connections a caller, or it does not start.

use std::net::SocketAddr;
use std::path::Path;

use super::{Bench, Kind, Peer, free_address};

impl Peer {
    /// The command line; settings are written to where it finds them.
    pub(crate) fn words(&self, bench: &Bench, at: SocketAddr) -> Vec<String> {
        let file = bench.folder.join(format!("{}-{}.conf", self.name, at.port()));
        let program = self.program.display().to_string();
        let (origin, folder) = (bench.origin, bench.folder.as_path());
        let file_of = |text: String| {
            std::fs::write(&file, text).expect("settings");
            file.display().to_string()
        };
        let mut words = match self.kind {
            Kind::Nginx => vec!["-c".to_owned(), file_of(nginx(at, bench, folder)), "-e".into(), "stderr".into()],
            Kind::Haproxy => vec!["-db".to_owned(), "-f".into(), file_of(haproxy(at, origin))],
            Kind::Ours => ours(at, origin),
        };
        words.insert(0, program);
        words
    }

    /// Its settings for a reader.
    pub(crate) fn shown(&self, bench: &Bench) -> String {
        let at = SocketAddr::from(([127, 0, 0, 1], 8080));
        match self.kind {
            Kind::Nginx => nginx(at, bench, Path::new("/tmp/bench")),
            Kind::Haproxy => haproxy(at, bench.origin),
            Kind::Ours => format!("proxy-sidecar {}\n", ours(at, bench.origin).join(" ")),
        }
    }
}

fn ours(at: SocketAddr, origin: SocketAddr) -> Vec<String> {
    let (at, origin, admin) = (at.to_string(), origin.to_string(), free_address().to_string());
    ["--mode", "resident", "--listen", &at, "--admin-listen", &admin, "--backend", &origin].map(str::to_owned).to_vec()
}

fn nginx(at: SocketAddr, bench: &Bench, folder: &Path) -> String {
    let user = if nix::unistd::geteuid().is_root() { "user root;\n" } else { "" };
    let (folder, origin, open_files) = (folder.display(), bench.origin, bench.open_files);
    format!(
        "{user}daemon off;
worker_processes 1;
worker_rlimit_nofile {open_files};
pid {folder}/nginx-{port}.pid;
error_log stderr warn;
events {{ worker_connections {open_files}; }}
http {{
  access_log off;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  proxy_max_temp_file_size 0;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream origin {{
    server {origin};
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen {at} backlog=4096;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
",
        port = at.port(),
    )
}

fn haproxy(at: SocketAddr, origin: SocketAddr) -> String {
    format!(
        "global
  nbthread 1
  maxconn 30000
  no strict-limits
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 1s
  timeout client 75s
  timeout server 60s
  timeout http-request 10s
  timeout http-keep-alive 75s
frontend front
  bind {at} backlog 4096
  default_backend back
backend back
  server origin {origin}
"
    )
}
