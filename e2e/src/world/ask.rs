//! What is asked of a world: by a caller of its services, by a client of its AWS, by one that looks on.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Error, World};
use crate::proxy_status::ProxyStatus;
use crate::snapshot::Snapshot;

/// How long local-aws and the proxy's admin port may take for an answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

impl World {
    /// Asks the resident proxy for `path`; gives status and body.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn get(&self, path: &str) -> Result<(u16, String), Error> {
        let url = self.url(path);
        let call = |e| Error::Call(format!("GET {url}"), e);
        let response = self.http.get(&url).timeout(Duration::from_secs(60)).send().await.map_err(call)?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.map_err(call)?))
    }

    /// The world as it is.
    ///
    /// # Errors
    /// When local-aws does not answer.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.look(&self.at("/_world")).await
    }

    /// What local-aws says at a path: `/_world`, `/_wakes` …
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn json(&self, path: &str) -> Result<Value, Error> {
        self.look(&self.at(path)).await
    }

    /// Waits until the world is as `reached` wants it.
    ///
    /// # Errors
    /// [`Error::NotReached`] after `limit`; [`Error::Ended`] when a program has died meanwhile.
    pub async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        reached: impl Fn(&Snapshot) -> bool,
    ) -> Result<Snapshot, Error> {
        self.until_at(&self.at("/_world"), what, limit, reached).await
    }

    /// Waits until the resident proxy is as `reached` wants it.
    ///
    /// # Errors
    /// As of [`World::until`].
    pub async fn until_proxy(
        &mut self,
        what: &str,
        limit: Duration,
        reached: impl Fn(&ProxyStatus) -> bool,
    ) -> Result<ProxyStatus, Error> {
        self.until_at(&format!("http://{}/status", self.admin), what, limit, reached).await
    }

    /// One call of ECS, as any client makes it.
    ///
    /// # Errors
    /// [`Error::Refused`] with AWS's words.
    pub async fn ecs(&self, operation: &str, body: &Value) -> Result<Value, Error> {
        let call = self
            .http
            .post(self.at("/"))
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        answer(operation, call).await
    }

    /// Lets something go wrong; the fault's id.
    ///
    /// # Errors
    /// [`Error::Refused`] with what was expected.
    pub async fn inject(&self, fault: &Value) -> Result<u64, Error> {
        let call = self.http.post(self.at("/_faults")).json(fault);
        let known = answer("POST /_faults", call).await?;
        known["id"].as_u64().ok_or_else(|| Error::Refused("POST /_faults".to_owned(), known.to_string()))
    }

    /// Takes a fault back.
    ///
    /// # Errors
    /// When it is not under way.
    pub async fn lift(&self, fault: u64) -> Result<(), Error> {
        let call = self.http.delete(self.at(&format!("/_faults/{fault}")));
        answer("DELETE /_faults", call).await.map(drop)
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.page)
    }

    async fn look<T: DeserializeOwned>(&self, url: &str) -> Result<T, Error> {
        let call = |e| Error::Call(format!("GET {url}"), e);
        let response = self.http.get(url).timeout(ANSWERS_WITHIN).send().await.map_err(call)?;
        response.json().await.map_err(call)
    }

    async fn until_at<T: DeserializeOwned>(
        &mut self,
        url: &str,
        what: &str,
        limit: Duration,
        reached: impl Fn(&T) -> bool,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + limit;
        loop {
            self.all_run()?;
            // Until the program listens there is no answer: not reached yet.
            if let Ok(seen) = self.look(url).await
                && reached(&seen)
            {
                return Ok(seen);
            }
            if Instant::now() > deadline {
                return Err(Error::NotReached { what: what.to_owned(), limit });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The JSON of an answer that is no refusal.
async fn answer(what: &str, call: RequestBuilder) -> Result<Value, Error> {
    let failed = |e| Error::Call(what.to_owned(), e);
    let response = call.send().await.map_err(failed)?;
    let status = response.status();
    let text = response.text().await.map_err(failed)?;
    match serde_json::from_str(&text) {
        Ok(answer) if status.is_success() => Ok(answer),
        Ok(_) | Err(_) => Err(Error::Refused(what.to_owned(), text)),
    }
}
