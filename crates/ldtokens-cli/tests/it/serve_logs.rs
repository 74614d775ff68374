//! What `ldtokens serve` logs.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::serve::{ended, send, serve};
use crate::support::{OWNER, ldtokens, stderr, stdout};

#[test]
fn serve_logs_one_line_per_request_without_secrets() {
    for (format, filter) in
        [("text", ""), ("json", ""), ("json", "trace"), ("json", "ldtokens_server=error"), ("off", "")]
    {
        let mut command = ldtokens(&["serve", "--log", format]);
        command.env("LDTOKENS_ROOT_TOKEN", OWNER).env("RUST_LOG", filter);
        if filter.is_empty() {
            command.env_remove("RUST_LOG");
        }
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();

        let wrong = "api-5a1e7e1c-77aa-4b8c-9d0e-1f2e3d4c5b6a";
        let mut secrets = vec![OWNER.to_owned(), wrong.to_owned()];
        let (status, made) = send(url, "POST /api/v2/tokens", OWNER, r#"{"role": "reader"}"#);
        assert_eq!(status, 201, "{made}");
        let id = made["_id"].as_str().unwrap();
        secrets.push(made["token"].as_str().unwrap().to_owned());
        let (status, reset) = send(url, &format!("POST /api/v2/tokens/{id}/reset"), OWNER, "");
        assert_eq!(status, 200, "{reset}");
        let secret = reset["token"].as_str().unwrap().to_owned();
        secrets.push(secret.clone());
        let mut sent = vec![(201, "/api/v2/tokens", None), (200, "/api/v2/tokens/{tokenId}/reset", Some(id))];
        for (line, credential, body, status, route) in [
            (format!("GET /api/v2/tokens/{id}"), secret.as_str(), "", 200, "/api/v2/tokens/{tokenId}"),
            ("POST /api/v2/tokens".to_owned(), wrong, r#"{"role": "reader"}"#, 401, "/api/v2/tokens"),
            (format!("POST /api/v2/tokens/{id}/reset"), wrong, "", 401, "/api/v2/tokens/{tokenId}/reset"),
            (format!("POST /api/v2/tokens/{id}/reset"), &secret, "", 403, "/api/v2/tokens/{tokenId}/reset"),
            (format!("GET /api/v2/tokens/{secret}"), OWNER, "", 404, "/api/v2/tokens/{tokenId}"),
            (format!("GET /api/v2/roles/{id}"), OWNER, "", 404, "/api/v2/roles/{customRoleKey}"),
            (format!("GET /api/v2/members/{id}"), OWNER, "", 404, "/api/v2/members/{memberId}"),
            (format!("GET /{secret}"), OWNER, "", 404, "-"),
            (format!("GET /api/v2/tokens?name={secret}"), OWNER, "", 200, "/api/v2/tokens"),
            (format!("GET /api/v2/tokens?limit={secret}"), OWNER, "", 400, "/api/v2/tokens"),
            (format!("{secret} /api/v2/tokens"), OWNER, "", 405, "/api/v2/tokens"),
            ("POST /api/v2/tokens".to_owned(), OWNER, &secret, 400, "/api/v2/tokens"),
        ] {
            assert_eq!(send(url, &line, credential, body).0, status, "{line}");
            sent.push((status, route, line.contains(&format!("tokens/{id}")).then_some(id)));
        }
        assert_eq!(send(url, "nonsense", &secret, "").0, 400);

        let log = ended(child);
        for secret in &secrets {
            for part in secret.split('-').filter(|part| part.len() > 4) {
                assert!(!log.contains(part), "{format} {filter}: {log}");
            }
        }
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
        let is_silent = format == "off" || filter.ends_with("error");
        assert_eq!(lines.len(), if is_silent { 0 } else { sent.len() }, "{format} {filter}: {log}");
        for (line, (status, route, id)) in lines.iter().zip(&sent) {
            if format == "text" {
                assert!(
                    line.contains(&format!("route=\"{route}\"")) && line.contains(&format!("status={status}")),
                    "{line}"
                );
            } else {
                let line: Value = serde_json::from_str(line).unwrap();
                assert_eq!((&line["status"], &line["route"]), (&Value::from(*status), &Value::from(*route)), "{line}");
                assert_eq!(line.get("token_id").and_then(Value::as_str), *id, "{line}");
                assert!(
                    line["took_us"].is_u64() && (line["support_id"].is_string() == (*status >= 400 && *route != "-")),
                    "{line}"
                );
            }
        }
        if format == "json" {
            assert!(
                log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object())),
                "{log}"
            );
        }
    }
}

#[test]
fn listening_beyond_loopback_logs_one_warning() {
    let warnings = |listen: &str| {
        let (child, _) = serve(&["--listen", listen], 1);
        ended(child).lines().filter(|line| line.contains("WARN") && line.contains("TLS")).count()
    };
    assert_eq!((warnings("0.0.0.0:0"), warnings("127.0.0.1:0")), (1, 0));
}

/// Our choice, as the help describes `RUST_LOG`.
#[test]
fn rust_log_sets_the_log_level_except_with_log_off_and_does_not_hide_verbose_requests() {
    let log = |flags: &[&str], filter: &str| {
        let mut command = ldtokens(&[&["serve"], flags].concat());
        let mut child = command.env("LDTOKENS_ROOT_TOKEN", OWNER).env("RUST_LOG", filter).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        assert_eq!(send(&url, "GET /api/v2/tokens", OWNER, "").0, 200);
        let mut command = ldtokens(&["list", "-vv", "--host", &url]);
        let output = command.env("LD_ACCESS_TOKEN", OWNER).env("RUST_LOG", filter).output().unwrap();
        (ended(child), stderr(&output))
    };
    let (server, command) = log(&[], "error");
    assert_eq!(server, "");
    assert_eq!(command.lines().count(), 1, "{command}");
    assert!(command.starts_with("GET http://") && command.contains("200"), "{command}");
    let (server, command) = log(&["--log", "off"], "ldtokens=debug");
    assert_eq!(server, "");
    assert!(command.contains("attempt ended") && command.contains("GET http://"), "{command}");

    let help = stdout(&ldtokens(&["--help"]).output().unwrap());
    assert!(!help.contains("[env: RUST_LOG]"), "{help}");
}
