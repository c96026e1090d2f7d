//! Lets DiscoverInstances reach an endpoint that is an IP address or a bare host name.
//!
//! The API model gives DiscoverInstances the host prefix `data-` (`data-servicediscovery.eu-west-1.amazonaws.com`), and
//! the SDK puts it before every endpoint, one of `AWS_ENDPOINT_URL` included: `http://data-127.0.0.1:4566` is no address.
//! Where the host has no place for a prefix, [`PlainHost`] takes it off again, before the request is signed.

use aws_sdk_servicediscovery::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_servicediscovery::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_servicediscovery::error::BoxError;

const PREFIX: &str = "data-";

/// An interceptor for a Cloud Map client.
#[derive(Clone, Copy, Debug)]
pub struct PlainHost;

impl Intercept for PlainHost {
    fn name(&self) -> &'static str {
        "PlainHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(plain) = without_prefix(request.uri()) {
            request.set_uri(plain)?;
        }
        Ok(())
    }
}

/// The same URI without the prefix, where its host is an address or one label; none where it may stay as it is.
fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let plain = rest.strip_prefix(PREFIX)?;
    let authority = &plain[..plain.find(['/', '?']).unwrap_or(plain.len())];
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok();
    (address || !host.contains('.')).then(|| format!("{scheme}://{plain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_a_bare_name_get_no_prefix() {
        for (given, plain) in [
            ("http://data-127.0.0.1:4566/", "http://127.0.0.1:4566/"),
            ("http://data-127.0.0.1", "http://127.0.0.1"),
            ("http://data-[::1]:4566/", "http://[::1]:4566/"),
            ("http://data-localhost:4566/a?b=c.d", "http://localhost:4566/a?b=c.d"),
            ("http://data-local-aws:4566", "http://local-aws:4566"),
        ] {
            assert_eq!(without_prefix(given).as_deref(), Some(plain), "{given}");
        }
    }

    #[test]
    fn the_endpoints_of_aws_keep_it() {
        for kept in [
            "https://data-servicediscovery.eu-west-1.amazonaws.com/",
            "https://data-servicediscovery.eu-west-1.api.aws",
            "https://servicediscovery.eu-west-1.amazonaws.com/",
            "http://127.0.0.1:4566/",
        ] {
            assert_eq!(without_prefix(kept), None, "{kept}");
        }
    }
}
