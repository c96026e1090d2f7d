//! A stand-in for what ECS gives each container: the metadata of its task and the agent that protects it. It says what a
//! test wants, also what the real one would say only on a bad day.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub(crate) const TASK: &str = "arn:aws:ecs:eu-west-1:111122223333:task/doze/0123456789abcdef";

/// What the agent answers: as asked, or these bytes.
#[derive(Clone, Debug)]
pub(crate) enum Agent {
    Obeys,
    Says(Vec<u8>),
    /// Takes the question and says nothing.
    Silent,
}

/// The stand-in.
#[derive(Clone, Debug)]
pub(crate) struct Ecs {
    pub(crate) at: SocketAddr,
    agent: Arc<Mutex<Agent>>,
    metadata: Arc<Mutex<Vec<u8>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

/// A whole answer.
pub(crate) fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// The agent's word that ECS has not done it.
pub(crate) fn failure(reason: &str) -> Agent {
    Agent::Says(answer("200 OK", &format!(r#"{{"failure":{{"Arn":"{TASK}","Detail":null,"Reason":"{reason}"}}}}"#)))
}

impl Ecs {
    pub(crate) fn start(agent: Agent) -> Ecs {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let task = format!(
            r#"{{"Cluster":"doze","TaskARN":"{TASK}","Family":"demo","Limits":{{"CPU":0.25,"Memory":512}},
            "Containers":[{{"Networks":[{{"NetworkMode":"awsvpc"}}]}}]}}"#
        );
        let ecs = Ecs {
            at: listener.local_addr().expect("address"),
            agent: Arc::new(Mutex::new(agent)),
            metadata: Arc::new(Mutex::new(answer("200 OK", &task))),
            heard: Arc::default(),
        };
        let own = ecs.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        ecs
    }

    /// What ECS puts in a container's environment.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        let at = self.at;
        [
            ("ECS_AGENT_URI", format!("http://{at}/api/abc")),
            ("ECS_CONTAINER_METADATA_URI_V4", format!("http://{at}/v4/abc")),
        ]
    }

    pub(crate) fn becomes(&self, agent: Agent) {
        *self.agent.lock().expect("agent") = agent;
    }

    pub(crate) fn metadata_becomes(&self, answer: Vec<u8>) {
        *self.metadata.lock().expect("metadata") = answer;
    }

    /// The bodies of what was asked of the agent, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut request = String::new();
        let mut buffer = [0; 1024];
        let is_whole = |request: &str| {
            let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            length.is_none_or(|length| length.parse().is_ok_and(|length: usize| body.len() >= length))
        };
        while !is_whole(&request) {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => request.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
        if request.starts_with("GET /v4/abc/task HTTP/1.0\r\n") {
            let answer = self.metadata.lock().expect("metadata").clone();
            let _ = stream.write_all(&answer);
            return;
        }
        assert!(request.starts_with("PUT /api/abc/task-protection/v1/state HTTP/1.0\r\n"), "{request}");
        let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        let on = body.contains("true");
        self.heard.lock().expect("heard").push(body);
        let agent = self.agent.lock().expect("agent").clone();
        let bytes = match agent {
            Agent::Obeys => answer(
                "200 OK",
                &format!(r#"{{"protection":{{"ExpirationDate":null,"ProtectionEnabled":{on},"TaskArn":"{TASK}"}}}}"#),
            ),
            Agent::Says(bytes) => bytes,
            // Until the other side gives up.
            Agent::Silent => return drop(stream.read(&mut buffer)),
        };
        // One that has heard enough has gone.
        let _ = stream.write_all(&bytes);
    }
}
