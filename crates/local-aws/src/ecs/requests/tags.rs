//! The calls about tags.

use serde::Deserialize;

use super::Tag;

/// TagResource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagResource {
    /// Whose.
    pub resource_arn: String,
    /// More of them, or other values.
    pub tags: Vec<Tag>,
}

/// UntagResource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UntagResource {
    /// Whose.
    pub resource_arn: String,
    /// Which are to go.
    pub tag_keys: Vec<String>,
}

/// ListTagsForResource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListTagsForResource {
    /// Whose.
    pub resource_arn: String,
}
