//! The account and region that everything lives in, and how its ARNs are written.

/// Whose AWS this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// `eu-west-1`.
    pub region: String,
}

impl Default for Account {
    fn default() -> Self {
        Account { id: "000000000000".to_owned(), region: "eu-west-1".to_owned() }
    }
}

impl Account {
    /// `arn:aws:<service>:<region>:<account>:<resource>`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }

    /// One of the region's three zones.
    #[must_use]
    pub fn zone(&self, number: usize) -> String {
        format!("{}{}", self.region, ["a", "b", "c"][number % 3])
    }
}

/// The last part of an ARN; of anything else, the whole: many calls take either.
#[must_use]
pub fn last_part(arn_or_name: &str) -> &str {
    arn_or_name.rsplit('/').next().unwrap_or(arn_or_name)
}
