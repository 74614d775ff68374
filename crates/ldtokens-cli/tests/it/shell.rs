//! Completions: in a real bash, and with the protocol of the other shells.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{OWNER, Served, ldtokens, search_path, stderr, stdout, with_stdin, write_with_mode};

/// Bash with the binary as `ldtokens` in its path, and an otherwise empty environment.
fn bash(arguments: &[&str]) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    bash.env_clear().env("PATH", search_path()).env("TERM", "dumb").env("HOME", "/nonexistent");
    bash
}

/// With the owner's credential.
fn owner(mut command: Command, served: &Served) -> Command {
    command.env("LD_ACCESS_TOKEN", OWNER).env("LAUNCHDARKLY_API_HOST", &served.url);
    command
}

/// The lines after bash has completed each of them with TAB.
fn words(bash: Command, lines: &[&str]) -> Vec<String> {
    let script = "PS1=; source <(ldtokens completions bash); ldtokens() { printf '<%s>' \"$@\"; echo; }\n";
    let keys: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let output = with_stdin(bash, &format!("{script}{keys}"));
    stdout(&output).lines().map(str::to_owned).collect()
}

/// The candidates that bash lists for a line.
fn listed(mut bash: Command, line: &str) -> Vec<String> {
    let script = "source <(ldtokens completions bash)
        registered=$(complete -p ldtokens); function=${registered#*-F }; function=${function%% *}
        COMP_POINT=${#COMP_LINE} COMP_TYPE=63 COLUMNS=200
        COMP_WORDS=($COMP_LINE) COMP_CWORD=${#COMP_WORDS[@]}
        $function ldtokens '' ''
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = bash.args(["-c", script]).env("COMP_LINE", line).output().unwrap();
    assert_eq!(stderr(&output), "", "{line}");
    assert!(output.status.success(), "{line}");
    stdout(&output).lines().map(str::to_owned).collect()
}

/// Only the values.
fn values(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split("  (").next().unwrap().trim_end()).collect()
}

/// The candidates for the last word, in clap's protocol for shells.
fn candidates(shell: &str, words: &[&str], mut ldtokens: Command) -> Vec<String> {
    ldtokens.args(["--", "ldtokens"]).args(words);
    ldtokens.env("COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("RUST_LOG", "trace");
    let output = ldtokens.output().unwrap();
    assert_eq!(stderr(&output), "", "{shell}: {words:?}");
    assert!(output.status.success(), "{shell}: {words:?}");
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_words_with_equals_signs_and_colons() {
    let served = Served::start();
    let (id, _) = served.create("Nightly export");
    let beginning = &id[..20];
    let typed = [
        "ldtokens deleteT\ttok\t".to_owned(),
        format!("ldtokens getToken tokenId={beginning}\t"),
        format!("ldtokens resetToken exp\t tok\t{beginning}\t"),
        "ldtokens getTokens show\tt\toff\t".to_owned(),
        "ldtokens postToken role==r\tserv\tf\tname==a:b=c \t".to_owned(),
        "ldtokens postToken 'role==w\tx".to_owned(),
        "ldtokens create --ro\twr\t--serv\t".to_owned(),
        "ldtokens list --output=nd\t--columns _id,acc\t".to_owned(),
        "ldtokens list --filter lastU\t'<90d' --filter kind=s\t--sort -cre\t".to_owned(),
        "ldtokens list -f 'servic\t=t\t".to_owned(),
        format!("ldtokens get {beginning}\t"),
        "ldtokens get Night\t".to_owned(),
        "ldtokens get 'Nightly ex\t".to_owned(),
        "echo $COMP_WORDBREAKS | tr -d '\\n '".to_owned(),
    ];
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let words = words(owner(bash(&["-i"]), &served), &typed);
    let expected = [
        "<deleteToken><tokenId=>".to_owned(),
        format!("<getToken><tokenId={id}>"),
        format!("<resetToken><expiry=><tokenId={id}>"),
        "<getTokens><showAll=true><offset=>".to_owned(),
        "<postToken><role==reader><serviceToken:=false><name==a:b=c>".to_owned(),
        "<postToken><role==writerx>".to_owned(),
        "<create><--role><writer><--service>".to_owned(),
        "<list><--output=ndjson><--columns><_id,access>".to_owned(),
        "<list><--filter><lastUsed<90d><--filter><kind=service><--sort><-creationDate>".to_owned(),
        "<list><-f><serviceToken=true>".to_owned(),
        format!("<get><{id}>"),
        "<get><Nightly export>".to_owned(),
        "<get><Nightly export>".to_owned(),
    ];
    assert_eq!(words[..expected.len()], expected, "{words:#?}");
    assert!(words[expected.len()].contains("=") && words[expected.len()].contains(":"), "{words:#?}");
}

#[test]
fn bash_lists_candidates_with_descriptions() {
    let served = Served::start();
    let (id, _) = served.create("Nightly export");
    let (other, _) = served.create("Export; rm -rf $(x)");
    let listed = |line: &str| listed(owner(bash(&[]), &served), line);

    let commands = listed("ldtokens ");
    for name in
        ["list", "get", "create", "update", "reset", "delete", "getTokens", "resetToken", "serve", "completions"]
    {
        assert!(values(&commands).contains(&name), "{name} in {commands:#?}");
    }
    assert!(!commands.iter().any(|line| line.starts_with('-')), "there are flags among the commands: {commands:#?}");
    assert!(listed("ldtokens -").iter().any(|line| line.starts_with("--profile")), "flags are listed after a dash");

    let parameters = listed("ldtokens getTokens ");
    assert_eq!(values(&parameters), ["showAll=", "limit=", "offset="]);
    assert!(parameters[1].contains("a whole number, at least 1: How many tokens to return"), "{parameters:#?}");
    assert_eq!(
        values(&listed("ldtokens getTokens showAll=true ")),
        ["limit=", "offset="],
        "an argument is suggested only once"
    );
    assert_eq!(values(&listed("ldtokens getTokens showAll=")), ["true", "false"]);
    let body = listed("ldtokens postToken ");
    assert_eq!(values(&body)[..4], ["name==", "description==", "role==", "customRoleIds:="], "{body:#?}");
    assert!(values(&body).contains(&"serviceToken:=") && values(&body).contains(&"-"), "{body:#?}");
    assert_eq!(values(&listed("ldtokens postToken role==")), ["reader", "writer", "admin"]);
    assert_eq!(values(&listed("ldtokens update x --role ")), ["reader", "writer", "admin"]);
    assert_eq!(values(&listed("ldtokens list --output ")), ["table", "json", "ndjson", "yaml", "csv", "value"]);
    let audit = listed("ldtokens audit --output ");
    assert_eq!(values(&audit)[5..], ["markdown", "prometheus", "html"], "{audit:#?}");

    let columns = listed("ldtokens list --columns _id,");
    assert!(values(&columns).contains(&"_id,name") && values(&columns).contains(&"_id,kind"), "{columns:#?}");
    assert!(!values(&columns).contains(&"_id,_id"), "{columns:#?}");
    assert!(values(&listed("ldtokens list --columns _member.")).contains(&"_member.email"));
    let sorts = listed("ldtokens list --sort -last");
    assert_eq!(values(&sorts), ["-lastModified", "-lastUsed"]);
    assert!(sorts[1].contains("last authenticated a request"), "{sorts:#?}");
    let signs = listed("ldtokens list --filter 'lastUsed");
    assert!(values(&signs).contains(&"lastUsed<") && !values(&signs).contains(&"lastUsed~"), "{signs:#?}");
    assert_eq!(values(&listed("ldtokens list --filter name")), ["name\\!=", "name=", "name~"]);

    for line in
        ["ldtokens get ", "ldtokens update ", "ldtokens reset ", "ldtokens delete ", "ldtokens getToken tokenId="]
    {
        let tokens = listed(line);
        assert!(tokens.contains(&format!("{id}  (Nightly export)")), "{line}: {tokens:#?}");
        assert!(tokens.contains(&format!("{other}  (Export; rm -rf $(x))")), "{line}: {tokens:#?}");
        assert!(!tokens.iter().any(|line| line.contains("api-") || line.starts_with('-')), "{line}: {tokens:#?}");
    }
    assert!(
        !values(&listed(&format!("ldtokens delete {id} "))).contains(&id.as_str()),
        "a token is suggested only once"
    );
    assert_eq!(
        listed("ldtokens get Exp"),
        ["Export\\;\\ rm\\ -rf\\ \\$\\(x\\) "],
        "inserted text does not run commands"
    );
}

#[test]
fn other_shells_get_full_words_with_descriptions() {
    let served = Served::start();
    let (id, _) = served.create("Nightly export");
    let ask = |shell: &str, words: &[&str]| candidates(shell, words, owner(ldtokens(&[]), &served));
    for (shell, between) in [("zsh", ":"), ("fish", "\t"), ("powershell", "\t")] {
        let tokens = ask(shell, &["get", ""]);
        assert!(tokens.contains(&format!("{id}{between}Nightly export")), "{shell}: {tokens:#?}");
        let tokens = ask(shell, &["resetToken", &format!("tokenId={}", &id[..23])]);
        assert_eq!(tokens, [format!("tokenId={id}{between}Nightly export")], "{shell}");
        let parameters = ask(shell, &["getTokens", "li"]);
        assert!(parameters[0].starts_with(&format!("limit={between}a whole number")), "{shell}: {parameters:#?}");
        assert_eq!(ask(shell, &["getTokens", "showAll="]), ["showAll=true", "showAll=false"], "{shell}");
        assert_eq!(ask(shell, &["postToken", "role==r"]), ["role==reader"], "{shell}");
        assert_eq!(ask(shell, &["list", "--filter", "kind="]), ["kind=personal", "kind=service"], "{shell}");
        assert_eq!(ask(shell, &["create", "--role", "w"]), ["writer"], "{shell}");
    }
    assert_eq!(ask("zsh", &["postToken", "serviceToken:=t"]), ["serviceToken\\:=true"], "zsh splits words at colons");
    assert_eq!(ask("elvish", &["postToken", "role==r"]), ["role==reader"]);
    assert_eq!(ask("fish", &["get", "Nightly e"]), [format!("Nightly export\t{id}")], "fish quotes candidates itself");
    assert!(!ask("powershell", &["get", "Nightly e"]).iter().any(|line| line.starts_with("Nightly")), "it doesn't");
}

#[test]
fn each_shell_has_a_script() {
    for (shell, registration) in [
        ("bash", "complete -o nospace"),
        ("zsh", "compdef _ldtokens ldtokens"),
        ("fish", "complete --keep-order --exclusive --command ldtokens"),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName ldtokens"),
        ("elvish", "set edit:completion:arg-completer[ldtokens]"),
    ] {
        let output = ldtokens(&["completions", shell]).output().unwrap();
        assert!(output.status.success() && stdout(&output).contains(registration), "{shell}: {}", stdout(&output));
        let mut asked = ldtokens(&[]);
        let asked = asked.env("COMPLETE", shell).output().unwrap();
        assert_eq!(stdout(&asked), stdout(&output), "{shell}: clap's own way to ask prints the same");
    }
}

#[test]
fn completion_uses_the_credential_of_the_line_or_profile() {
    let served = Served::start();
    let (id, _) = served.create("Nightly export");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    write_with_mode(path("secret file").as_ref(), OWNER, 0o600);
    let profiles = format!(
        "profiles:\n  file: {{host: '{url}', token-file: '{}'}}\n  command: {{host: '{url}', token-command: touch {}; echo {}}}\n  \
         play: {{local: true}}\n",
        path("secret file"),
        path("ran"),
        path("x"),
        url = served.url
    );
    std::fs::write(path("config.yaml"), profiles).unwrap();
    let bash = || {
        let mut bash = bash(&[]);
        bash.env("LDTOKENS_CONFIG", path("config.yaml")).env("HOME", folder.path());
        bash
    };
    let line = format!("ldtokens --host {} --token-file '{}' get ", served.url, path("secret file"));
    let has_token = |line: &str| listed(bash(), line).contains(&format!("{id}  (Nightly export)"));
    assert!(has_token(&line));
    assert!(has_token(&format!("ldtokens --host={} --token-file ~/secret\\ file get ", served.url)));
    assert!(has_token("ldtokens --profile file get "));
    let profiles = listed(bash(), "ldtokens list --profile ");
    assert_eq!(values(&profiles), ["command", "file", "play"]);
    assert!(profiles[1].contains(&served.url) && profiles[2].contains("local"), "{profiles:#?}");

    for line in
        ["--profile command".to_owned(), format!("--host {} --token-command 'touch {}'", served.url, path("ran"))]
    {
        assert!(!has_token(&format!("ldtokens {line} get ")));
        assert!(!Path::new(&path("ran")).exists(), "a completion runs no command: {line}");
    }
}

#[test]
fn completion_reads_the_local_store_but_does_not_create_it() {
    let home = tempfile::tempdir().unwrap();
    let at_home = |mut command: Command| {
        command.env("HOME", home.path());
        command
    };
    listed(at_home(bash(&[])), "ldtokens --local get ");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "a completion creates no files");
    let created = at_home(ldtokens(&["--local", "postToken", "name==Export", "role==reader"])).output().unwrap();
    assert!(created.status.success(), "{}", stderr(&created));
    let tokens = listed(at_home(bash(&[])), "ldtokens --local get ");
    assert!(tokens.iter().any(|line| line.ends_with("  (Export)")), "{tokens:#?}");
    let tokens = listed(at_home(bash(&[])), "ldtokens getToken --local tokenId=");
    assert!(tokens.iter().any(|line| line.ends_with("  (Export)")), "{tokens:#?}");

    let store = home.path().join(".local/share/ldtokens/local.db");
    let mut holder = ldtokens(&["serve", "--store", store.to_str().unwrap()]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let begun = Instant::now();
    let tokens = listed(at_home(bash(&[])), "ldtokens --local get ");
    let waited = begun.elapsed();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(line.starts_with("listening"), "{line}");
    assert!(!tokens.iter().any(|line| line.contains("Export")), "{tokens:#?}");
    assert!(waited < Duration::from_secs(8), "it does not wait for another command's store: {waited:?}");
}

#[test]
fn completion_gives_up_silently_and_soon_without_a_response() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    std::fs::write(path("readable"), OWNER).unwrap();
    std::fs::write(path("broken.yaml"), "profiles: [").unwrap();
    let served = Served::start();
    let mut offered = BTreeMap::new();
    for (why, host, credential, words) in [
        ("the server does not respond", silent.as_str(), OWNER, vec![]),
        ("no server listens", "http://127.0.0.1:1", OWNER, vec![]),
        ("the host is invalid", "::", OWNER, vec![]),
        ("the credential does not work", &served.url, "api-00000000-0000-4000-8000-000000000000", vec![]),
        ("there is no credential", &served.url, "", vec![]),
        ("the file is a pipe without a writer", &served.url, "", vec!["--token-file", "pipe"]),
        ("others can read the file", &served.url, "", vec!["--token-file", "readable"]),
        ("there is no file", &served.url, "", vec!["--token-file", "nothing"]),
        ("standard input is not read", &served.url, "", vec!["--token-stdin"]),
        ("there is no such profile", &served.url, OWNER, vec!["--profile", "nothing"]),
        ("the flags contradict each other", &served.url, "", vec!["--token-file", "--token-command", "--host"]),
    ] {
        let mut command = ldtokens(&[]);
        command.current_dir(folder.path()).env("LD_ACCESS_TOKEN", credential).env("LAUNCHDARKLY_API_HOST", host);
        let begun = Instant::now();
        let lines = candidates("fish", &[&["get"], &words[..], &["x"]].concat(), command);
        assert!(begun.elapsed() < Duration::from_secs(8), "{why}: {:?}", begun.elapsed());
        offered.insert(why, lines);
    }
    assert!(offered.values().all(Vec::is_empty), "{offered:#?}");
    let mut broken = ldtokens(&[]);
    broken.env("LDTOKENS_CONFIG", path("broken.yaml"));
    assert!(candidates("fish", &["list", "--profile", ""], broken).is_empty());
}

#[test]
fn completion_does_not_read_standard_input() {
    let served = Served::start();
    let words = ["--", "ldtokens", "--host", &served.url, "--token-stdin", "get", ""];
    let mut command = ldtokens(&words);
    command.env("COMPLETE", "fish");
    let output = with_stdin(command, OWNER);
    let lines = stdout(&output);
    assert!(lines.contains("--token-stdin") && !lines.contains("Owner"), "{lines}");
}

#[test]
fn completion_shows_no_secrets_or_control_characters() {
    let served = Served::start();
    let (secret, escape) = ("api-11111111-2222-4333-8444-555555555555", "a\u{1b}[2Jb");
    // An argument can't contain it, but a name that another user gave may.
    let body = format!(r#"{{"name": "{secret}", "role": "reader"}}"#);
    let named_secret = with_stdin(served.owner(&["postToken", "-", "--output", "json"]), &body);
    let named_secret: serde_json::Value = serde_json::from_slice(&named_secret.stdout).unwrap();
    let named_secret = named_secret["_id"].as_str().unwrap();
    let (named_escape, _) = served.create(escape);
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        for words in [["get", ""], ["get", "api-"], ["get", "a"], ["getToken", "tokenId="], ["get", secret]] {
            let lines = candidates(shell, &words, owner(ldtokens(&[]), &served)).concat();
            assert!(!lines.contains("api-") && !lines.contains('\u{1b}'), "{shell} {words:?}: {lines}");
            if words[1].is_empty() {
                assert!(lines.contains(named_secret) && lines.contains(&named_escape), "{shell}: {lines}");
            }
        }
    }
}
