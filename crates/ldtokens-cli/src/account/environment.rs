//! The environment variables that the command reads, for help and the man page.

/// The owner's secret for a new store of `ldtokens serve`.
pub(crate) const ROOT_TOKEN: &str = "LDTOKENS_ROOT_TOKEN";

/// Names and meanings.
const VARIABLES: [(&str, &str); 12] = [
    (
        "LD_ACCESS_TOKEN, LAUNCHDARKLY_ACCESS_TOKEN",
        "The credential: the secret of an access token. The first one that is set is used.",
    ),
    ("LD_BASE_URI, LAUNCHDARKLY_API_HOST", "The API's URL, like --host."),
    ("LDTOKENS_PROFILE", "The profile of the configuration file to use, like --profile."),
    ("LDTOKENS_CONFIG", "The configuration file, in place of the usual one. `ldtokens config` prints which is used."),
    ("LD_OUTPUT", "The output format, like --output."),
    ("NO_COLOR", "If set and not empty, disables colors."),
    (
        "RUST_LOG",
        "What to log on standard error, e.g. debug or ldtokens=debug. Replaces what -vv, -vvv and `serve` log, except with \
         --log off. Does not change the requests that -v shows.",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "The proxy for requests, and the hosts to reach without it."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificates of authorities to trust, in place of the system's."),
    ("CREDENTIALS_DIRECTORY", "Set by systemd; the credential is read from the file ldtokens in it."),
    (ROOT_TOKEN, "The owner's secret for a new store of `ldtokens serve`."),
    ("LDTOKENS_TOKEN_ID", "Set for the command of --secret-to-command: the ID of the token whose secret it reads."),
];

/// The variables as a list: names indented by two spaces, meanings by six.
pub(crate) fn help() -> String {
    VARIABLES.iter().map(|(name, meaning)| format!("\n  {name}\n      {meaning}")).collect()
}
