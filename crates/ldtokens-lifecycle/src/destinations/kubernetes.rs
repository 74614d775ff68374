use std::io::{self, Write};

use ldtokens::Secret;
use serde_json::json;

use crate::destination::{Destination, Metadata};
use crate::destinations::github::mask;

/// A manifest of a Kubernetes Secret on standard output, for `kubectl apply -f -`. A key in it holds the token's secret. In a job of
/// GitHub Actions the secret is masked first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesDestination {
    namespace: Option<String>,
    name: String,
    key: String,
}

impl KubernetesDestination {
    /// Returns the key `key` in the data of the Secret `name`. Without a namespace it is in kubectl's current one.
    ///
    /// # Errors
    /// Which name Kubernetes does not accept.
    pub fn new(namespace: Option<&str>, name: &str, key: &str) -> Result<Self, String> {
        // RFC 1123: a name is a DNS subdomain, a namespace one label of it.
        let is_label = |text: &str| {
            let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=63).contains(&text.len())
                && text.bytes().all(is_inner)
                && !text.starts_with('-')
                && !text.ends_with('-')
        };
        let is_name = |text: &str| text.len() <= 253 && text.split('.').all(is_label);
        let is_key = |text: &str| {
            let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            (1..=253).contains(&text.len()) && text.bytes().all(is_inner) && text != "." && !text.starts_with("..")
        };
        let refused =
            |what: &str, text: &str| Err(format!("Kubernetes does not accept `{text}` as the {what} of a Secret"));
        match namespace {
            Some(namespace) if !is_label(namespace) => refused("namespace", namespace),
            _ if !is_name(name) => refused("name", name),
            _ if !is_key(key) => refused("key", key),
            _ => Ok(Self { namespace: namespace.map(str::to_owned), name: name.to_owned(), key: key.to_owned() }),
        }
    }
}

impl std::str::FromStr for KubernetesDestination {
    type Err = String;

    /// Reads `[NAMESPACE/]NAME[:KEY]`. The key is `token` if not given.
    fn from_str(text: &str) -> Result<Self, String> {
        let (path, key) = text.split_once(':').unwrap_or((text, "token"));
        let (namespace, name) = path.split_once('/').map_or((None, path), |(namespace, name)| (Some(namespace), name));
        Self::new(namespace, name, key).map_err(|why| format!("{why}: give [NAMESPACE/]NAME[:KEY]"))
    }
}

impl Destination for KubernetesDestination {
    fn label(&self) -> String {
        let Self { namespace, name, key } = self;
        let namespace = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        format!("the manifest of the Kubernetes Secret {namespace}{name}:{key}")
    }

    fn is_ephemeral(&self) -> bool {
        true
    }

    /// Prints one document of a YAML stream. Strings are quoted as in JSON, which is also YAML.
    fn deliver(&self, secret: &Secret, metadata: &Metadata) -> Result<(), String> {
        // Where nothing applies it, it is in the job's log.
        if std::env::var_os("GITHUB_ACTIONS").is_some_and(|set| set == "true") {
            mask(secret)?;
        }
        let [name, key] = [&self.name, &self.key].map(|text| json!(text));
        let namespace = self.namespace.as_ref().map(|namespace| format!("  namespace: {}\n", json!(namespace)));
        let text = format!(
            "---\napiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  name: {name}\n{}  annotations:\n    \
             ldtokens/token-id: {}\n    ldtokens/old-expires: {}\nstringData:\n  {key}: {}\n",
            namespace.unwrap_or_default(),
            json!(metadata.token_id),
            json!(metadata.old_expires),
            json!(secret.expose()),
        );
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())
    }
}
