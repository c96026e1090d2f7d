//! The world file: what exists from the start, as the calls that make it.
//!
//! A JSON array of `{"call": "ecs.CreateCluster", "with": {…}}`; `with` is the call's body as the API has it in JSON.

use serde::Deserialize;
use serde_json::Value;

use super::World;
use super::state::Service;
use crate::refusal::Refusal;

/// One entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    call: String,
    #[serde(default = "nothing")]
    with: Value,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Why a world file does not make a world.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no JSON array of entries.
    #[error("it must be a JSON array of {{\"call\": …, \"with\": …}}")]
    Form(#[source] serde_json::Error),
    /// A call of no service.
    #[error("entry {0}: {1:?} is no call; expected ecs.…, servicediscovery.…, autoscaling.… or sqs.…")]
    Call(usize, String),
    /// A call was refused.
    #[error("entry {number} ({call}): {}: {}", refusal.code, refusal.message)]
    Refused {
        /// Which, from 1.
        number: usize,
        /// Its call.
        call: String,
        /// Why.
        refusal: Refusal,
    },
}

impl World {
    /// Makes what a world file says, in its order. What takes AWS a while is done at once.
    ///
    /// # Errors
    /// The first entry that is wrong or refused.
    pub fn make(&self, file: &str) -> Result<(), Error> {
        let entries: Vec<Entry> = serde_json::from_str(file).map_err(Error::Form)?;
        for (number, entry) in (1..).zip(entries) {
            let named = entry.call.split_once('.').and_then(|(name, what)| Some((Service::named(name)?, what)));
            let Some((service, operation)) = named else { return Err(Error::Call(number, entry.call)) };
            self.call(service, operation, entry.with).map_err(|refusal| Error::Refused {
                number,
                call: entry.call.clone(),
                refusal,
            })?;
            self.change(|state, now| state.finish_operations(now));
        }
        Ok(())
    }
}
