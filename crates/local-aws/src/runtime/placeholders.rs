//! `{TASK_ADDRESS}`, `{TASK_DIR}`, `{DNS_SERVER}` and `{RESOLVER}` in what a task is started with: one task definition serves tasks
//! that share the machine's port space (processes, each with an own address) and tasks that do not (containers).

use std::net::SocketAddr;

/// What the placeholders stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholders {
    /// Where the task's programs listen.
    pub(crate) task_address: String,
    /// A directory of the task's own.
    pub(crate) task_directory: String,
    /// The zones' own DNS server; without one the placeholder stays, for the program to complain about.
    pub(crate) dns_server: Option<SocketAddr>,
    /// The caching resolver; as above.
    pub(crate) resolver: Option<SocketAddr>,
}

impl Placeholders {
    pub(crate) fn replace(&self, text: &str) -> String {
        let text = text.replace("{TASK_ADDRESS}", &self.task_address).replace("{TASK_DIR}", &self.task_directory);
        let put = |text: String, placeholder: &str, address: Option<SocketAddr>| match address {
            Some(address) => text.replace(placeholder, &address.to_string()),
            None => text,
        };
        put(put(text, "{DNS_SERVER}", self.dns_server), "{RESOLVER}", self.resolver)
    }

    pub(crate) fn replace_all<'a>(&self, texts: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        texts.into_iter().map(|text| self.replace(text)).collect()
    }

    pub(crate) fn replace_values(&self, environment: &[(String, String)]) -> Vec<(String, String)> {
        environment.iter().map(|(name, value)| (name.clone(), self.replace(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_replaced_wherever_it_stands() {
        let placeholders = Placeholders {
            task_address: "127.42.1.10".to_owned(),
            task_directory: "/tmp/t".to_owned(),
            dns_server: Some(([127, 0, 0, 1], 5300).into()),
            resolver: Some(([127, 0, 0, 1], 5301).into()),
        };
        assert_eq!(
            placeholders
                .replace("{TASK_ADDRESS}:9051 {TASK_DIR}/shutdown {DNS_SERVER} {RESOLVER} {TASK_ADDRESS} {OTHER}"),
            "127.42.1.10:9051 /tmp/t/shutdown 127.0.0.1:5300 127.0.0.1:5301 127.42.1.10 {OTHER}"
        );
        assert_eq!(Placeholders { dns_server: None, ..placeholders }.replace("{DNS_SERVER}"), "{DNS_SERVER}");
    }
}
