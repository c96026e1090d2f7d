//! What stands on every host besides its tasks and its `instance-agent`: the ECS agent's introspection API on port
//! 51678 and the instance metadata service on port 1338, both on the host's own address.
//!
//! Everything they say is rendered from [`Views`]; nothing is kept here but the metadata service's tokens.

mod endpoint;
mod imds;
mod introspection;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use daemon::moment::Clock;

pub(crate) use self::imds::{IMAGE, INSTANCE_TYPE};

use self::endpoint::Endpoint;
use crate::views::Views;

/// Where the ECS agent's introspection API listens.
pub const INTROSPECTION_PORT: u16 = 51678;

/// Where the instance metadata service listens: on a real host it is 169.254.169.254:80, which the agent is told by
/// `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
pub const METADATA_PORT: u16 = 1338;

/// An endpoint of a host that cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {0}")]
pub struct Error(SocketAddr, #[source] std::io::Error);

/// The local endpoints of one host, open until this is closed or dropped.
pub struct Host {
    address: Ipv4Addr,
    views: Arc<dyn Views>,
    /// Where the introspection API is, also while it refuses.
    introspection_at: SocketAddr,
    /// None while it refuses.
    introspection: Option<Endpoint>,
    metadata: Endpoint,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Host {
    /// Opens the endpoints of the host at `address`.
    ///
    /// # Errors
    /// When one of the ports is taken; then neither is open.
    pub async fn open(address: Ipv4Addr, views: Arc<dyn Views>) -> Result<Host, Error> {
        Host::open_at(address, INTROSPECTION_PORT, METADATA_PORT, views).await
    }

    async fn open_at(
        address: Ipv4Addr,
        introspection: u16,
        metadata: u16,
        views: Arc<dyn Views>,
    ) -> Result<Host, Error> {
        let introspection = open_introspection((address, introspection).into(), address, &views).await?;
        let of_host = Arc::clone(&views);
        let (clock, tokens) = (Clock::start(), Mutex::new(imds::Tokens::default()));
        let metadata = Endpoint::open((address, metadata).into(), move |request| {
            let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = || uuid::Uuid::new_v4().simple().to_string();
            imds::answer(request, &mut tokens, clock.now(), fresh, of_host.host(address).as_ref())
        });
        let metadata = metadata.await.map_err(|(at, error)| Error(at, error))?;
        let introspection_at = introspection.at();
        Ok(Host { address, views, introspection_at, introspection: Some(introspection), metadata })
    }

    /// The introspection API's port refuses, as while the ECS agent is restarted.
    pub async fn refuse_introspection(&mut self) {
        if let Some(open) = self.introspection.take() {
            open.close().await;
        }
    }

    /// The introspection API answers again.
    ///
    /// # Errors
    /// When its port was taken meanwhile.
    pub async fn answer_introspection(&mut self) -> Result<(), Error> {
        if self.introspection.is_none() {
            let open = open_introspection(self.introspection_at, self.address, &self.views).await?;
            self.introspection = Some(open);
        }
        Ok(())
    }

    /// `http://ADDR:PORT` of the introspection API.
    #[must_use]
    pub fn introspection_url(&self) -> String {
        format!("http://{}", self.introspection_at)
    }

    /// `http://ADDR:PORT` of the instance metadata service.
    #[must_use]
    pub fn metadata_url(&self) -> String {
        format!("http://{}", self.metadata.at())
    }

    /// Closes both; the ports are free when this returns.
    pub async fn close(self) {
        if let Some(introspection) = self.introspection {
            introspection.close().await;
        }
        self.metadata.close().await;
    }
}

async fn open_introspection(at: SocketAddr, address: Ipv4Addr, views: &Arc<dyn Views>) -> Result<Endpoint, Error> {
    let views = Arc::clone(views);
    let open = Endpoint::open(at, move |request| introspection::answer(&request.uri, address, &*views));
    open.await.map_err(|(at, error)| Error(at, error))
}

#[cfg(test)]
mod tests;
