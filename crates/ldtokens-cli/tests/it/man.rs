//! Man pages.

use crate::support::{ldtokens, stderr, stdout};

#[test]
fn each_command_has_a_man_page_with_its_flags_and_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = ldtokens(&["man", pages.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let help = |words: &[&str]| stdout(&ldtokens(&[words, &["--help"]].concat()).output().unwrap());
    let whole = help(&[]);
    let commands = whole.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 17, "{commands:?}");
    for name in &commands {
        let page = std::fs::read_to_string(pages.join(format!("ldtokens-{name}.1"))).unwrap();
        let described = page.split_once("\n.SH DESCRIPTION").unwrap().1;
        let help = help(&[name]);
        let flags = help.lines().filter_map(|line| {
            let words = line.trim_start().split([' ', ',', '=', '.']).filter(|word| !word.is_empty());
            words.take_while(|word| word.starts_with('-')).find(|word| word.len() > 2)
        });
        let flags: Vec<&str> = flags.collect();
        assert!(flags.contains(&"--help"), "{name}: {flags:?}");
        for flag in flags {
            assert!(described.contains(&format!("\\fB{}\\fR", roff(flag))), "{flag} in the page of {name}: {page}");
        }
    }
    assert_eq!(
        std::fs::read_dir(&pages).unwrap().count(),
        commands.len() + 1,
        "one page per command and one for `ldtokens`"
    );
    let page = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap();
    for (name, parts) in [
        (
            "ldtokens-resetToken.1",
            &[".SH PARAMETERS\n.TP\n\\fBtokenId=", "\\fBexpiry=", "Unix epoch time", ".SH EXAMPLE"][..],
        ),
        ("ldtokens.1", &[".SH ENVIRONMENT\n.TP\n\\fBLD_ACCESS_TOKEN", "\\fBNO_COLOR\\fR"]),
        ("ldtokens-postToken.1", &[".SH BODY\n", "\\fBrole==", "\\fBserviceToken:=", "one of reader, writer, admin"]),
        ("ldtokens-list.1", &[".SH EXAMPLES\n", "\\-\\-show\\-all"]),
        ("ldtokens.1", &[".SH \"EXIT STATUS\"\n", "ldtokens\\-getToken(1)"]),
    ] {
        for part in parts {
            assert!(page(name).contains(part), "{part} in {name}: {}", page(name));
        }
    }
    assert_eq!(stdout(&ldtokens(&["man"]).output().unwrap()), page("ldtokens.1"));
}

/// The text as it is escaped in a man page.
fn roff(flag: &str) -> String {
    flag.replace('-', "\\-")
}
