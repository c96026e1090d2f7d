//! The settings of each, as fair as they can be made: one worker, kept connections on both sides without a bound on
//! their requests, no log of requests, the caller's address passed on. Where a default would cost a peer without need it
//! is set to its advantage; all else is as it comes. nginx by itself closes connections after 1,000 requests, opens those
//! beyond the kept ones anew, buffers large answers in files, and reads into 4 KiB buffers, which doubles what 100 KiB and
//! 10 MiB cost it. HAProxy does not start where there is no room for two files a caller (`no strict-limits`).

use std::net::SocketAddr;
use std::path::Path;

use super::{Bench, Certificate, Kind, Peer, Way, free_address};

impl Peer {
    /// The command line; settings are written to where it finds them.
    pub(crate) fn words(&self, bench: &Bench, way: Way, at: SocketAddr) -> Vec<String> {
        let file = bench.folder.join(format!("{}-{}.conf", self.name, at.port()));
        let file_of = |text: String| {
            std::fs::write(&file, text).expect("settings");
            file.display().to_string()
        };
        let mut words = match self.kind {
            Kind::Nginx => {
                vec!["-e".to_owned(), "stderr".into(), "-c".into(), file_of(nginx(way, at, bench, &bench.folder))]
            }
            Kind::Haproxy => vec!["-db".to_owned(), "-f".into(), file_of(haproxy(way, at, bench))],
            Kind::Ours => ours(way, at, bench),
        };
        words.insert(0, self.program.display().to_string());
        words
    }

    /// Its settings for a reader.
    pub(crate) fn shown(&self, bench: &Bench) -> String {
        let at = SocketAddr::from(([127, 0, 0, 1], 8080));
        match self.kind {
            Kind::Nginx => nginx(Way::Plain, at, bench, Path::new("/tmp/bench")),
            Kind::Haproxy => haproxy(Way::Plain, at, bench),
            Kind::Ours => format!("proxy-sidecar {}\n", ours(Way::Plain, at, bench).join(" ")),
        }
    }
}

fn ours(way: Way, at: SocketAddr, bench: &Bench) -> Vec<String> {
    let backend = bench.origin.to_string();
    let mut words = ["--mode", "resident", "--backend", &backend, "--admin-listen"].map(str::to_owned).to_vec();
    words.push(free_address().to_string());
    match way {
        Way::Plain | Way::Http2 => words.extend(["--listen".into(), at.to_string()]),
        Way::Tls(Certificate { certificate, key, .. }) => {
            words.extend(["--listen".into(), free_address().to_string(), "--tls-listen".into(), at.to_string()]);
            words.extend(["--tls-cert".into(), certificate.display().to_string()]);
            words.extend(["--tls-key".into(), key.display().to_string()]);
        }
    }
    words
}

fn nginx(way: Way, at: SocketAddr, bench: &Bench, folder: &Path) -> String {
    let listen = match way {
        Way::Plain => String::new(),
        Way::Http2 => " http2".to_owned(),
        Way::Tls(Certificate { certificate, key, .. }) => format!(
            " ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:SSL:10m;
    ssl_certificate {};
    ssl_certificate_key {}",
            certificate.display(),
            key.display()
        ),
    };
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
    listen {at} backlog=4096{listen};
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 256k;
    }}
  }}
}}
",
        port = at.port(),
    )
}

fn haproxy(way: Way, at: SocketAddr, bench: &Bench) -> String {
    let bind = match way {
        Way::Plain => String::new(),
        Way::Http2 => " proto h2".to_owned(),
        Way::Tls(Certificate { both, .. }) => format!(" ssl crt {}", both.display()),
    };
    let origin = bench.origin;
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
  bind {at} backlog 4096{bind}
  default_backend back
backend back
  server origin {origin}
"
    )
}
