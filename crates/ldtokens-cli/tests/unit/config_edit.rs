use std::path::Path;

use super::edited;
use crate::account::{ConfigFile, Profile};

fn after(text: &str, change: impl Fn(&mut ConfigFile)) -> Option<String> {
    let before = ConfigFile::parse(text, Path::new("x")).unwrap();
    let mut after = before.clone();
    change(&mut after);
    edited(text, &before, &mut after)
}

fn profile(host: &str) -> Profile {
    Profile { host: Some(host.to_owned()), token_command: Some("op read 'x' # y".to_owned()), ..Profile::default() }
}

const NEW: &str = "  a:\n    host: b\n    token-command: \"op read 'x' # y\"\n";

#[test]
fn setting_a_profile_keeps_everything_else() {
    let set = |config: &mut ConfigFile| drop(config.profiles.insert("a".to_owned(), profile("b")));
    for (before, expected) in [
        ("", format!("profiles:\n{NEW}")),
        ("# mine\n", format!("# mine\nprofiles:\n{NEW}")),
        ("profiles: {}\n", format!("profiles:\n{NEW}")),
        ("profiles:\n", format!("profiles:\n{NEW}")),
        ("profiles:\n  z: {}\n\n# end\n", format!("profiles:\n  z: {{}}\n{NEW}\n# end\n")),
        ("profiles:\n  z: {}\ndefault: z\n", format!("profiles:\n  z: {{}}\n{NEW}default: z\n")),
        (
            "profiles:\n  # first\n  a:\n    local: true\n\n  # second\n  z: {}\n",
            format!("profiles:\n  # first\n{NEW}\n  # second\n  z: {{}}\n"),
        ),
        (
            "profiles:\n  a: # mine\n    # why\n    token-command:   \"op read 'x' # y\"\n    host: z # soon\n    # end\n  z: {}\n",
            "profiles:\n  a: # mine\n    # why\n    token-command:   \"op read 'x' # y\"\n    host: b # soon\n    # end\n  z: {}\n".to_owned(),
        ),
        (
            "profiles:\n  a:\n    region: eu # gone\n    token-command: \"op read 'x' # y\" # kept\n",
            "profiles:\n  a:\n    token-command: \"op read 'x' # y\" # kept\n    host: b\n".to_owned(),
        ),
        ("profiles:\n  'a': {region: eu}\n  z: {}\n", format!("profiles:\n{NEW}  z: {{}}\n")),
        (
            "profiles:\n    z: {}\n",
            format!(
                "profiles:\n    z: {{}}\n{}",
                NEW.replace("  a", "    a").replace("    h", "      h").replace("    t", "      t")
            ),
        ),
    ] {
        assert_eq!(after(before, set), Some(expected), "{before:?}");
    }
    assert!(after("profiles: {z: {}}\n", set).is_none(), "a form that can't be edited is an error");
    assert!(after("profiles:\r\n  z: {}\r\n", set).unwrap().contains("host: b\r\n"));
}

#[test]
fn setting_the_default_keeps_everything_else() {
    let set = |config: &mut ConfigFile| config.default = Some("a".to_owned());
    for (before, expected) in [
        ("profiles: {a: {}}\n", "default: a\nprofiles: {a: {}}\n"),
        ("# mine\nprofiles: {a: {}}\n", "# mine\ndefault: a\nprofiles: {a: {}}\n"),
        (
            "default: 'b # x' # mine\nprofiles: {a: {}, 'b # x': {}}\n",
            "default: a # mine\nprofiles: {a: {}, 'b # x': {}}\n",
        ),
        ("profiles: {a: {}, b: {}}\ndefault: b\n", "profiles: {a: {}, b: {}}\ndefault: a\n"),
        ("---\nprofiles: {a: {}}\n", "---\ndefault: a\nprofiles: {a: {}}\n"),
    ] {
        assert_eq!(after(before, set).as_deref(), Some(expected), "{before:?}");
    }
}

#[test]
fn a_name_that_yaml_would_read_as_another_type_is_quoted() {
    for name in ["no", "12", "a b", "a: b", "#x", "ümlaut", "it's", "https://x"] {
        let set = |profile: Profile| {
            move |config: &mut ConfigFile| drop(config.profiles.insert(name.to_owned(), profile.clone()))
        };
        let created = after("", set(Profile::default())).unwrap();
        assert!(after(&created, set(profile("b"))).is_some(), "{name}");
    }
}

#[test]
fn removing_a_profile_keeps_everything_else() {
    let remove = |config: &mut ConfigFile| drop(config.profiles.remove("a"));
    for (before, expected) in [
        ("profiles:\n  a: {}\n", "profiles:\n"),
        ("default: a # mine\nprofiles:\n  a: {}\n  b: {}\n", "profiles:\n  b: {}\n"),
        (
            "default: b\nprofiles:\n  # one\n  b: {}\n  a:\n    region: eu\n\n# end\n",
            "default: b\nprofiles:\n  # one\n  b: {}\n\n# end\n",
        ),
    ] {
        assert_eq!(after(before, remove).as_deref(), Some(expected), "{before:?}");
    }
    assert!(after("profiles: {a: {}, b: {}}\n", remove).is_none());
}

/// Names and values that YAML reads in its own way.
const ODD: [&str; 26] = [
    "a",
    "b c",
    "x: y",
    "no",
    "12",
    "#z",
    "it's",
    "~",
    "é",
    "https://x",
    "\"q\"",
    "default",
    "profiles",
    "- d",
    "{f}",
    " {}",
    "*g",
    "&h",
    "!i",
    "|",
    ">",
    "k:",
    "? l",
    "trail ",
    "a\nb",
    "C:\\x",
];

/// Our choice: whatever a profile is called, it can be changed, and what others wrote into the file stays.
#[test]
fn no_change_fails_or_loses_a_comment() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut text = random
            .choice([
                "",
                "---\n# x\n",
                "# x\nprofiles:\n    m: # x\n        # x\n        host: h\n\n    # x\n    n: {}\n# x\n",
            ])
            .unwrap()
            .to_owned();
        for _ in 0..12 {
            let before = ConfigFile::parse(&text, Path::new("x")).unwrap();
            let mut after = before.clone();
            let name = random.choice(ODD).unwrap().to_owned();
            let value = Some(random.choice(ODD).unwrap().to_owned());
            let profile = after.profiles.entry(name.clone()).or_default();
            match random.u8(..5) {
                0 => drop(after.profiles.remove(&name)),
                1 => after.default = Some(name),
                2 => profile.host = value,
                3 => (profile.token_variable, profile.token_command) = (None, value),
                _ => *profile = Profile { token_variable: value, ..Profile::default() },
            }
            let edited = edited(&text, &before, &mut after);
            let edited = edited.unwrap_or_else(|| panic!("seed {seed}: {after:?} can't be made of\n{text}"));
            let comments = |text: &str| text.matches("# x").count();
            assert_eq!(comments(&edited), comments(&text), "seed {seed}: {edited}");
            text = edited;
        }
    }
}
