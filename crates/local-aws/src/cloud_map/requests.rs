//! What the calls carry, field for field as AWS names it. Unknown fields are ignored.

use serde::{Deserialize, Serialize};

mod instances;
mod namespaces;
mod services;

pub use instances::*;
pub use namespaces::*;
pub use services::*;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// At most 128 characters.
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

/// A filter of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// `NAME`, `TYPE`, `NAMESPACE_ID` …
    pub name: String,
    /// What it may be.
    pub values: Vec<String>,
    /// How it is compared.
    #[serde(default)]
    pub condition: Condition,
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    /// Is the one value.
    #[default]
    Eq,
    /// Is one of the values.
    In,
    /// Is between the first and the second value.
    Between,
    /// Begins with the one value.
    BeginsWith,
}

/// The lists, and GetInstancesHealthStatus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct List {
    /// Of ListInstances and GetInstancesHealthStatus.
    pub service_id: String,
    /// Of GetInstancesHealthStatus: only these.
    pub instances: Option<Vec<String>>,
    /// All must fit.
    pub filters: Vec<Filter>,
    /// 1 to 100.
    pub max_results: Option<i64>,
    /// Where the last answer ended.
    pub next_token: Option<String>,
}

/// GetNamespace, GetService, DeleteNamespace and DeleteService.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct One {
    /// Id or ARN.
    pub id: String,
}

/// GetOperation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OneOperation {
    /// Its id.
    pub operation_id: String,
}

/// TagResource, UntagResource and ListTagsForResource.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tagged {
    /// Of a namespace or service.
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    /// Of TagResource.
    #[serde(default)]
    pub tags: Option<Vec<Tag>>,
    /// Of UntagResource.
    #[serde(default)]
    pub tag_keys: Option<Vec<String>>,
}
