//! Files that are replaced, and what else a secret is delivered to.

use std::process::{Command, Stdio};

use ldtokens::Secret;
use ldtokens_lifecycle::destinations::{
    EnvFileDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination, KubernetesSecret,
};
use ldtokens_lifecycle::{Destination, Handover};

const NEW: &str = "api-11111111-1111-4111-8111-111111111111";

fn deliver(destination: &dyn Destination) -> Result<(), String> {
    destination.prepare()?(&Secret::new(NEW), &Handover::default())
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_mode_its_line_end_and_the_links_to_it_and_can_keep_the_old_secret() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real"), folder.path().join("link"));
    std::fs::write(&file, "old\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real", &link).unwrap();
    let destination = FileDestination::new(&link).keep_previous();
    deliver(&destination).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{NEW}\n"));
    assert_eq!(destination.read().unwrap(), Some(Secret::new(NEW)));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o640);
    assert_eq!(std::fs::read_to_string(folder.path().join("real.previous")).unwrap(), "old\n");
    deliver(&FileDestination::new(folder.path().join("fresh"))).unwrap();
    assert_eq!(mode(&folder.path().join("fresh")), 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "nothing is left over");
}

#[test]
fn a_file_that_holds_something_else_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "# a script\nexit 0\n").unwrap();
    assert!(deliver(&FileDestination::new(&file)).unwrap_err().contains("something other than a secret"));
    assert!(deliver(&FileDestination::new(folder.path())).is_err());
    assert!(deliver(&FileDestination::new(folder.path().join("no/folder"))).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn only_the_variable_of_a_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    std::fs::write(&file, "A=1\nexport LD_ACCESS_TOKEN=\"old\" # nightly\nB=2\n").unwrap();
    let destination = EnvFileDestination::new(&file, "LD_ACCESS_TOKEN").unwrap();
    assert_eq!(destination.read().unwrap(), Some(Secret::new("old")));
    deliver(&destination).unwrap();
    assert_eq!(destination.read().unwrap(), Some(Secret::new(NEW)));
    let expected = format!("A=1\nexport LD_ACCESS_TOKEN=\"{NEW}\" # nightly\nB=2\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    assert!(EnvFileDestination::new(&file, "1X").is_err());
}

#[test]
fn a_missing_github_file_is_refused_before_a_secret_is_requested() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("output");
    let destination = GithubDestination::new(GithubFile::Output, &file, "token").unwrap();
    assert!(destination.prepare().is_err());
    std::fs::write(&file, "earlier=1\n").unwrap();
    deliver(&destination).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("earlier=1\ntoken={NEW}\n"));
}

#[test]
fn names_that_kubernetes_refuses_are_refused() {
    for (text, is_valid) in [
        ("ld-token", true),
        ("prod/ld-token:api_key", true),
        ("Ld", false),
        ("", false),
        ("a/b/c", false),
        ("a:", false),
        ("-a", false),
    ] {
        assert_eq!(text.parse::<KubernetesSecret>().is_ok(), is_valid, "{text}");
    }
    let destination = KubernetesDestination::new("prod/ld-token".parse().unwrap());
    assert!(!destination.is_readable() && destination.label().contains("ld-token"));
}

/// On standard output the secret of a GitHub job is masked before anything else.
#[test]
fn standard_output_has_the_mask_and_the_manifest() {
    const CHILD: &str = "LDTOKENS_TEST_FILE";
    if let Some(file) = std::env::var_os(CHILD) {
        deliver(&GithubDestination::new(GithubFile::Env, file, "LD").unwrap()).unwrap();
        deliver(&KubernetesDestination::new("prod/ld-token".parse().unwrap())).unwrap();
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let test = "destinations::standard_output_has_the_mask_and_the_manifest";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(CHILD, file.path()).stdin(Stdio::null());
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    let mask = output.find(&format!("::add-mask::{NEW}\n")).unwrap_or_else(|| panic!("{output}"));
    assert_eq!(output.find(NEW), Some(mask + "::add-mask::".len()));
    assert!(output.contains("kind: Secret") && output.contains(&format!("\"token\": \"{NEW}\"")), "{output}");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), format!("LD={NEW}\n"));
}
