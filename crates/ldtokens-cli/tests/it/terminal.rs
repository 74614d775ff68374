//! Behavior on a terminal: colors, questions, progress, widths, and Ctrl-C.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::delaying_proxy::DelayingProxy;
use crate::pty::{CTRL_C, Terminal, screen};
use crate::support::{OWNER, Served, stderr, stdout};

const BOLD: &str = "\u{1b}[1m";

/// Whether a token with this ID exists.
fn is_there(served: &Served, id: &str) -> bool {
    match served.owner(&["get", id]).output().unwrap().status.code() {
        Some(0) => true,
        Some(5) => false,
        other => panic!("{other:?}"),
    }
}

/// The binary with the owner's credential, through a proxy.
fn through(proxy: &DelayingProxy, arguments: &[&str]) -> Command {
    let mut command = crate::support::ldtokens(arguments);
    command.args(["--host", &proxy.url]).env("LD_ACCESS_TOKEN", OWNER);
    command
}

#[test]
fn table_headers_are_bold_only_on_a_terminal_without_no_color() {
    let served = Served::start();
    let shown = |command: Command| {
        let (status, shown) = Terminal::run(command).end();
        assert_eq!(status, Some(0), "{shown}");
        shown
    };
    let coloured = shown(served.owner(&["list"]));
    assert!(coloured.starts_with(&format!("{BOLD}ID ")), "{coloured:?}");
    assert_eq!(coloured.matches('\u{1b}').count(), 2, "the heading alone: {coloured:?}");

    let mut no_color = served.owner(&["list"]);
    no_color.env("NO_COLOR", "1");
    for command in [no_color, served.owner(&["list", "--no-color"]), served.owner(&["list", "-nc"])] {
        let plain = shown(command);
        assert!(plain.starts_with("ID ") && !plain.contains('\u{1b}'), "{plain:?}");
    }
    let help = shown(served.owner(&["--help"]));
    assert!(help.contains('\u{1b}'), "{help:?}");
    let help = stdout(&served.owner(&["--help"]).output().unwrap());
    assert!(!help.contains('\u{1b}'), "{help:?}");

    // Standard output is a pipe; the other streams are a terminal.
    let (mut reader, writer) = std::io::pipe().unwrap();
    let terminal = Terminal::started(served.owner(&["list"]), 80, |command| command.stdout(writer));
    let mut piped = String::new();
    reader.read_to_string(&mut piped).unwrap();
    assert!(piped.starts_with("ID ") && !piped.contains('\u{1b}'), "{piped:?}");
    assert_eq!(terminal.end(), (Some(0), String::new()));
}

#[test]
fn destructive_commands_ask_and_accept_only_y_or_yes() {
    let served = Served::start();
    let (id, secret) = served.create("Export");
    for verb in ["delete", "reset"] {
        for answer in ["n\r", "\r", "yess\r", "\u{4}"] {
            let (question, status, shown) = Terminal::run(served.owner(&[verb, &id])).answer(answer);
            assert!(question.contains(&format!("the token {id} (Export)?")), "{question}");
            assert_eq!(status, Some(130), "{verb} {answer:?}: {shown}");
            assert!(shown.contains("cancelled: nothing was changed"), "{shown}");
            assert!(served.works(&secret), "{verb} {answer:?}");
        }
    }
    for (verb, answer) in [("reset", "y\r"), ("delete", "YES\r")] {
        let (_, status, shown) = Terminal::run(served.owner(&[verb, "Export"])).answer(answer);
        assert_eq!(status, Some(0), "{shown}");
        assert!(!served.works(&secret), "{verb}");
    }
    assert!(!is_there(&served, &id));
}

#[test]
fn safe_commands_and_yes_are_not_asked() {
    let served = Served::start();
    let (id, _) = served.create("Export");
    for arguments in [&["reset", &id, "--expires-in", "1h"][..], &["reset", &id, "--yes"], &["delete", &id, "-y"]] {
        let (status, shown) = Terminal::run(served.owner(arguments)).end();
        assert_eq!(status, Some(0), "{shown}");
        assert!(!shown.contains("[y/N]"), "{shown}");
    }
    assert!(!is_there(&served, &id));
}

#[test]
fn without_a_terminal_nothing_is_asked_or_done() {
    let served = Served::start();
    let (id, secret) = served.create("Export");
    for arguments in [&["delete", id.as_str()][..], &["reset", &id, "--secret-to", "-"]] {
        let output = served.owner(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("use --yes") && !stderr(&output).contains("[y/N]"), "{}", stderr(&output));
    }
    assert!(served.works(&secret));
}

#[test]
fn a_question_is_asked_on_the_terminal_whatever_the_standard_streams_are() {
    let served = Served::start();
    let (id, secret) = served.create("Export");
    for verb in ["delete", "reset"] {
        let arguments = [verb, &id, "--secret-to", "-"];
        let arguments = if verb == "reset" { &arguments[..] } else { &arguments[..2] };
        // What comes through the pipe is no answer.
        let (yes, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"y\n").unwrap();
        let piped = Terminal::started(served.owner(arguments), 80, |command| command.stdin(yes));
        let quiet = Terminal::started(served.owner(arguments), 80, |command| command.stderr(Stdio::null()));
        for terminal in [piped, quiet] {
            assert_eq!(terminal.answer("n\r").1, Some(130), "{verb}");
        }
    }
    assert!(served.works(&secret));
    let (ids, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, format!("{id}\n").as_bytes()).unwrap();
    drop(writer);
    let terminal = Terminal::started(served.owner(&["delete", "-"]), 80, |command| command.stdin(ids));
    let (question, status, _) = terminal.answer("y\r");
    assert!(question.ends_with("(Export)? Whatever uses it stops working at once. "), "{question}");
    assert_eq!(status, Some(0));
    assert!(!served.works(&secret));
}

#[test]
fn a_new_secret_is_printed_on_a_terminal_but_in_a_pipe_only_with_secret_to() {
    let served = Served::start();
    let (status, shown) = Terminal::run(served.owner(&["create", "--name", "Export", "--role", "reader"])).end();
    assert_eq!(status, Some(0), "{shown}");
    let secrets: Vec<&str> = shown.split_whitespace().filter(|word| word.starts_with("api-")).collect();
    let [secret] = secrets[..] else { panic!("{shown}") };
    assert!(served.works(secret));

    let count = || served.json(&["getTokens", "showAll=true"])["totalCount"].clone();
    let before = count();
    let output = served.owner(&["create", "--role", "reader"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--secret-to FILE"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let terminal =
        Terminal::started(served.owner(&["create", "--role", "reader"]), 80, |command| command.stdout(Stdio::null()));
    assert_eq!(terminal.end().0, Some(2));
    // Nothing applies a manifest there.
    let manifest = served.owner(&["create", "--role", "reader", "--kubernetes-secret", "ld"]);
    let (status, shown) = Terminal::run(manifest).end();
    assert!(status == Some(2) && shown.contains("kubectl apply"), "{shown}");
    assert_eq!(before, count());
}

#[test]
fn progress_is_one_temporary_line_on_a_terminal_never_on_standard_output() {
    let served = Served::start();
    let ids: Vec<String> = ["one", "two", "three"].map(|name| served.create(name).0).into();
    let all = ["delete", &ids[0], &ids[1], &ids[2], "--yes", "--quiet"];

    // 40 columns are too few for an ID and its message.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("output");
    let file = File::create(&path).unwrap();
    let (status, shown) = Terminal::started(served.owner(&all), 40, |command| command.stdout(file)).end();
    assert_eq!(status, Some(0), "{shown}");
    for number in 1..=3 {
        assert!(shown.contains(&format!("deleting: {number} of 3")), "{shown:?}");
    }
    let end = format!("- one, two, three - deleted tokens can't be restored 3 of 3 deleted ({}) ", served.url);
    assert!(screen(&shown, 40).join(" ").ends_with(&end), "{shown:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", ids.join("\n")));

    let ids: Vec<String> = ["one", "two"].map(|name| served.create(name).0).into();
    let output = served.owner(&["delete", &ids[0], &ids[1], "--yes"]).output().unwrap();
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).ends_with(&format!("restored\n2 of 2 deleted ({})\n", served.url)), "{}", stderr(&output));
}

#[test]
fn a_long_list_shows_progress_until_the_first_row() {
    let served = Served::with(&["--seed-tokens", "250"]);
    let (status, shown) = Terminal::run(served.owner(&["list", "-a", "-q", "--sort", "name"])).end();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("200 tokens read"), "{shown:?}");
    assert!(!screen(&shown, 80).concat().contains("tokens read"), "{shown:?}");
    let output = served.owner(&["list", "-a", "-q", "--sort", "name"]).output().unwrap();
    assert_eq!(stderr(&output), "");
}

#[test]
fn control_characters_in_a_name_are_escaped() {
    let served = Served::start();
    let (id, _) = served.create("\u{1b}[2J\rharmless");
    let (other, _) = served.create("Export");
    let shows = |shown: &str| {
        assert!(!shown.contains("\u{1b}[2J") && !shown.contains("\rharmless"), "{shown:?}");
        assert!(shown.contains("harm"), "{shown:?}");
    };
    for verb in ["list", "get"] {
        let arguments = if verb == "list" { vec!["list"] } else { vec!["get", &id] };
        shows(&Terminal::run(served.owner(&arguments)).end().1);
    }
    shows(&Terminal::run(served.owner(&["delete", &id, &other])).answer("n\r").2);
    shows(&Terminal::run(served.owner(&["delete", "\u{1b}[2J\rharmless", &other, "--yes"])).end().1);
}

#[test]
fn ctrl_c_in_a_batch_finishes_the_running_request_and_says_what_was_done() {
    let served = Served::start();
    let ids = ["one", "two", "three"].map(|name| served.create(name).0);
    let proxy = DelayingProxy::of_writes(&served.url);
    let one = ["--concurrency", "1"];
    let mut terminal =
        Terminal::run(through(&proxy, &[&["delete", &ids[0], &ids[1], &ids[2], "--yes"], &one[..]].concat()));
    terminal.expect("deleting: 0 of 3");
    let shown = terminal.interrupted_at(&proxy, 1);
    let summary = format!("1 of 3 deleted; not tried: {}, {}", ids[1], ids[2]);
    assert!(shown.contains(&summary), "{shown}");
    assert_eq!(ids.each_ref().map(|id| is_there(&served, id)), [false, true, true]);

    // All that are under way finish.
    let more = ["four", "five", "six"].map(|name| served.create(name).0);
    let proxy = DelayingProxy::of_writes(&served.url);
    let deleting = ["delete", &ids[1], &ids[2], &more[0], &more[1], &more[2], "--yes", "--concurrency", "2"];
    let shown = Terminal::run(through(&proxy, &deleting)).interrupted_at(&proxy, 2);
    assert_eq!(shown.matches("finishing what was started").count(), 1, "{shown}");
    assert!(shown.contains(&format!("2 of 5 deleted; not tried: {}", more.join(", "))), "{shown}");
    assert_eq!(more.each_ref().map(|id| is_there(&served, id)), [true, true, true]);
}

/// The pause is longer than the test's timeout.
#[test]
fn ctrl_c_while_rate_limited_sends_no_more_requests() {
    let served = Served::with(&["--fault", "deleteToken status=429 retry-after=55 after=1"]);
    let ids = ["one", "two", "three"].map(|name| served.create(name).0);
    let proxy = DelayingProxy::of_writes(&served.url);
    proxy.release();
    let terminal =
        Terminal::run(through(&proxy, &["delete", &ids[0], &ids[1], &ids[2], "--yes", "--concurrency", "1"]));
    proxy.wait_for_request();
    proxy.wait_for_request();
    let shown = terminal.interrupted();
    let summary = format!("1 of 3 deleted; not tried: {}, {}", ids[1], ids[2]);
    assert!(shown.contains(&summary), "{shown}");
    assert_eq!(ids.each_ref().map(|id| is_there(&served, id)), [false, true, true]);
}

#[test]
fn ctrl_c_before_a_retry_stops_and_says_what_is_not_known() {
    for fault in ["deleteToken status=500", "deleteToken status=408"] {
        let served = Served::with(&["--fault", fault]);
        let (id, _) = served.create("one");
        let proxy = DelayingProxy::of_writes(&served.url);
        proxy.release();
        let terminal = Terminal::run(through(&proxy, &["delete", &id, "--yes"]));
        proxy.wait_for_request();
        let shown = terminal.interrupted();
        assert!(shown.contains("may or may not have taken effect"), "{fault}: {shown}");
    }
}

/// The proxy never releases the response, so a command that waited for it would not end.
#[test]
fn ctrl_c_while_update_reads_stops_at_once() {
    let served = Served::start();
    let (id, _) = served.create("one");
    let proxy = DelayingProxy::start(&served.url);
    let terminal = Terminal::run(through(&proxy, &["update", &id, "--name", "other"]));
    proxy.wait_for_request();
    let shown = terminal.interrupted();
    assert!(shown.contains("interrupted; nothing was changed"), "{shown}");
}

#[test]
fn a_second_ctrl_c_stops_at_once() {
    let served = Served::start();
    let ids = ["one", "two"].map(|name| served.create(name).0);
    let proxy = DelayingProxy::of_writes(&served.url);
    let mut terminal = Terminal::run(through(&proxy, &["delete", &ids[0], &ids[1], "--yes", "--concurrency", "1"]));
    proxy.wait_for_request();
    terminal.type_in(CTRL_C);
    terminal.expect("press Ctrl-C again to stop");
    terminal.type_in(CTRL_C);
    // The proxy never releases the response, so a command that waited for it would not end.
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.replace("\r\n", " ").contains("the last request may or may not have taken effect"), "{shown}");
    assert!(is_there(&served, &ids[1]));
}

#[test]
fn ctrl_c_at_a_question_or_while_reading_changes_nothing_and_stops_at_once() {
    let served = Served::start();
    let (id, secret) = served.create("Export");
    for verb in ["delete", "reset"] {
        let (_, status, shown) = Terminal::run(served.owner(&[verb, &id])).answer(CTRL_C);
        assert_eq!(status, Some(130), "{shown}");
        assert!(shown.contains("nothing was changed"), "{shown}");
        assert!(served.works(&secret));
    }
    let proxy = DelayingProxy::start(&served.url);
    for arguments in [&["list"][..], &["getTokens"], &["delete", "Export"]] {
        let terminal = Terminal::run(through(&proxy, arguments));
        proxy.wait_for_request();
        let shown = terminal.interrupted();
        assert!(shown.contains("interrupted; nothing was changed"), "{shown}");
    }
}

/// `GET /caller-identity` says which token is in use (fact 13).
#[test]
fn deleting_the_token_in_use_shows_a_warning() {
    let served = Served::start();
    let own = served.json(&["list", "-f", "name=Owner"])[0]["_id"].as_str().unwrap().to_owned();
    let (other, _) = served.create("other");
    for (verb, ids, is_own) in [
        ("delete", vec![own.as_str()], true),
        ("reset", vec![own.as_str()], true),
        ("delete", vec![other.as_str(), own.as_str()], true),
        ("delete", vec![other.as_str()], false),
    ] {
        let (before, status, _) = Terminal::run(served.owner(&[&["-v", verb], &ids[..]].concat())).answer("n\r");
        assert_eq!(before.matches("/caller-identity").count(), 1, "asked more than once: {before}");
        let is_warned =
            before.split_whitespace().collect::<Vec<_>>().join(" ").contains("the token that this command uses");
        assert_eq!((is_warned, status), (is_own, Some(130)), "{verb} {ids:?}: {before}");
    }
    assert!(served.works(OWNER));
}

/// Editors and CI jobs have terminals that show escape sequences as text.
#[test]
fn a_dumb_terminal_gets_no_escape_sequences() {
    let served = Served::with(&["--seed-tokens", "300"]);
    for term in ["dumb", ""] {
        for arguments in [&["list", "-a"][..], &["--help"], &["-h"], &["get", "nobody"], &["delete", "Owner"]] {
            let mut command = served.owner(arguments);
            command.env("TERM", term);
            let mut terminal = Terminal::run(command);
            if arguments[0] == "delete" {
                terminal.expect("[y/N]");
                terminal.type_in("n\r");
            }
            let (_, shown) = terminal.end();
            assert!(!shown.contains('\u{1b}') && !shown.is_empty(), "{arguments:?} with TERM={term:?}: {shown:?}");
        }
    }
}
