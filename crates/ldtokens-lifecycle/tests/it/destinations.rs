//! Files that are replaced or written in place, and what else a secret is delivered to.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use ldtokens::{Client, Secret};
use ldtokens_lifecycle::destinations::{
    CommandDestination, FileDestination, GithubDestination, GithubFile, KubernetesDestination,
};
use ldtokens_lifecycle::{Contents, Delivered, Delivery, Destination, Metadata, Replaceable};

pub const NEW: &str = "api-11111111-1111-4111-8111-111111111111";
const OLD: &str = "api-00000000-0000-4000-8000-000000000000";

fn holds(file: &FileDestination, secret: &str) -> bool {
    file.read().unwrap() == Contents::Secret(Secret::new(secret))
}

/// May overwrite anything, so that no API is asked.
pub async fn prepare(delivery: &mut Delivery) -> Result<(), String> {
    let client = Client::builder(NEW).build().unwrap();
    let replaceable = Replaceable { anything: true, ..Replaceable::default() };
    delivery.prepare(&client, replaceable).await.map_err(|error| error.to_string())
}

/// Prepares and delivers, and returns the notes.
async fn deliver_all(destinations: Vec<Box<dyn Destination>>) -> Result<Vec<Delivered>, String> {
    let mut delivery = Delivery::new(destinations);
    prepare(&mut delivery).await?;
    let delivered = delivery.deliver(&Secret::new(NEW), &Metadata::default()).await;
    match delivered.iter().find_map(|delivered| delivered.problem.clone()) {
        Some(problem) => Err(problem),
        None => Ok(delivered),
    }
}

pub async fn deliver(destination: impl Destination + 'static) -> Result<Option<String>, String> {
    Ok(deliver_all(vec![Box::new(destination)]).await?.pop().and_then(|delivered| delivered.note))
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn what_a_killed_process_left_beside_a_file_goes_also_if_the_file_has_the_secret_already() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, NEW).unwrap();
    let mut killed = Delivery::new(vec![Box::new(FileDestination::new(&file))]);
    prepare(&mut killed).await.unwrap();
    let with_staged = names(folder.path());
    drop(killed);
    let staged = with_staged.iter().find(|name| name.contains("-new-")).unwrap();
    fs::write(folder.path().join(staged), "").unwrap();
    deliver(FileDestination::new(&file)).await.unwrap();
    assert_eq!(names(folder.path()), ["secret"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_keeps_its_mode_its_line_end_and_the_links_to_it_and_can_keep_the_old_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::write(&file, format!("{OLD}\n")).unwrap();
    set_mode(&file, 0o640);
    std::os::unix::fs::symlink("real", &link).unwrap();
    let destination = FileDestination::new(&link).keep_previous();
    assert_eq!(deliver(destination.clone()).await, Ok(None));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{NEW}\n"));
    assert!(holds(&destination, NEW));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&file), 0o640);
    assert_eq!(fs::read_to_string(folder.path().join("real.previous")).unwrap(), format!("{OLD}\n"));
    deliver(FileDestination::new(folder.path().join("fresh"))).await.unwrap();
    assert_eq!(mode(&folder.path().join("fresh")), 0o600);
    assert_eq!(names(folder.path()), ["fresh", "link", "real", "real.previous"], "nothing is left over");
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_not_a_regular_file_is_refused_before_a_secret_is_requested() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    std::os::unix::fs::symlink("/nonexistent", at("dangling")).unwrap();
    let paths = [at("pipe"), at("dangling"), at("no/folder"), at("new/"), folder.path().to_owned()];
    let devices = ["/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].map(Into::into);
    for path in paths.into_iter().chain(devices) {
        assert!(deliver(FileDestination::new(&path)).await.is_err(), "{}", path.display());
    }
    assert_eq!(names(folder.path()), ["dangling", "pipe"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_with_other_names_is_written_in_place_which_is_said() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("file"), folder.path().join("other"));
    // Longer than the new secret.
    fs::write(&file, format!("{OLD}{OLD}\n")).unwrap();
    fs::hard_link(&file, &other).unwrap();
    let before = fs::metadata(&file).unwrap().ino();
    let note = deliver(FileDestination::new(&file)).await.unwrap();
    assert!(note.unwrap().contains("in place"));
    assert_eq!(fs::read_to_string(&other).unwrap(), format!("{NEW}\n"));
    assert_eq!(fs::metadata(&file).unwrap().ino(), before);
    // Both names in one command are one write.
    fs::write(&file, OLD).unwrap();
    let both: Vec<Box<dyn Destination>> =
        vec![Box::new(FileDestination::new(&file)), Box::new(FileDestination::new(&other))];
    assert_eq!(deliver_all(both).await.unwrap().len(), 2);
    assert_eq!(names(folder.path()), ["file", "other"]);
}

/// Docker mounts single files. Skipped where we may not mount.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_mount_point_is_written_in_place() {
    const INSIDE: &str = "LDTOKENS_TEST_MOUNTED";
    if let Some(file) = std::env::var_os(INSIDE) {
        let note = deliver(FileDestination::new(file)).await.unwrap();
        println!("{note:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (file, mounted) = (folder.path().join("file"), folder.path().join("mounted"));
    fs::write(&file, OLD).unwrap();
    fs::write(&mounted, "").unwrap();
    let test = "destinations::a_mount_point_is_written_in_place";
    let script = format!("mount --bind '{}' '{}' || exit 77; exec \"$0\" \"$@\"", file.display(), mounted.display());
    let mut inside = Command::new("unshare");
    inside.args(["--mount", "sh", "-c", &script]).arg(std::env::current_exe().unwrap());
    inside.args(["--exact", test, "--nocapture"]).env(INSIDE, &mounted).stdin(Stdio::null());
    let Ok(output) = inside.output() else { return println!("skipped: there is no unshare") };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !said.contains("running 1 test") {
        return println!("skipped: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(output.status.success() && said.contains("it is a mount point"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), NEW);
}

/// The bytes of an ACL: the owner may read and write, the user 1234 read, the group and others nothing.
#[cfg(target_os = "linux")]
fn acl() -> Vec<u8> {
    let entry = |tag: u16, permissions: u16, id: u32| {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let none = u32::MAX;
    let entries = [entry(1, 6, none), entry(2, 4, 1234), entry(4, 0, none), entry(16, 4, none), entry(32, 0, none)];
    [&2_u32.to_le_bytes()[..], &entries.concat()].concat()
}

#[cfg(target_os = "linux")]
fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 1000];
    let length = rustix::fs::getxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

#[cfg(target_os = "linux")]
fn set_attribute(path: &Path, name: &str, value: &[u8]) -> bool {
    let result = rustix::fs::setxattr(path, name, value, rustix::fs::XattrFlags::empty());
    if let Err(error) = result {
        println!("skipped: {name} can't be set here: {error}");
    }
    result.is_ok()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn acls_and_attributes_are_carried_over_and_a_default_acl_does_not_widen_access() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, OLD).unwrap();
    set_mode(&file, 0o600);
    if set_attribute(&file, "user.origin", b"here") {
        deliver(FileDestination::new(&file)).await.unwrap();
        assert_eq!(attribute(&file, "user.origin"), Some(b"here".to_vec()));
    }
    if !set_attribute(&file, "system.posix_acl_access", &acl()) {
        return;
    }
    assert_eq!(mode(&file), 0o640, "the bits of the group are the mask");
    deliver(FileDestination::new(&file)).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), NEW);
    assert_eq!((attribute(&file, "system.posix_acl_access"), mode(&file)), (Some(acl()), 0o640));

    let plain = folder.path().join("plain");
    fs::write(&plain, OLD).unwrap();
    set_mode(&plain, 0o640);
    assert!(set_attribute(folder.path(), "system.posix_acl_default", &acl()));
    for path in [&plain, &folder.path().join("new")] {
        deliver(FileDestination::new(path)).await.unwrap();
        assert_eq!(attribute(path, "system.posix_acl_access"), None, "{}", path.display());
    }
    assert_eq!((mode(&plain), mode(&folder.path().join("new"))), (0o640, 0o600));
}

/// As another user than root, whom modes bind.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn in_a_read_only_folder_a_writable_file_is_written_in_place_and_another_is_refused() {
    const INSIDE: &str = "LDTOKENS_TEST_READ_ONLY";
    if let Some(folder) = std::env::var_os(INSIDE).map(std::path::PathBuf::from) {
        assert!(deliver(FileDestination::new(folder.join("mine"))).await.unwrap().unwrap().contains("in place"));
        for name in ["others", "new"] {
            assert!(deliver(FileDestination::new(folder.join(name))).await.is_err(), "{name}");
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["mine", "others"] {
        fs::write(folder.path().join(name), OLD).unwrap();
        set_mode(&folder.path().join(name), if name == "mine" { 0o666 } else { 0o644 });
    }
    set_mode(folder.path(), 0o755);
    let program = folder.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    let mut child = Command::new("setpriv");
    child.args(["--reuid=1234", "--regid=1234", "--clear-groups"]).arg(&program).current_dir("/");
    let test = "destinations::in_a_read_only_folder_a_writable_file_is_written_in_place_and_another_is_refused";
    child.args(["--exact", test, "--nocapture"]).env(INSIDE, folder.path()).stdin(Stdio::null());
    let Ok(output) = child.output() else { return println!("skipped: there is no setpriv") };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !said.contains("running 1 test") {
        return println!("skipped: {said}");
    }
    assert!(output.status.success(), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("mine")).unwrap(), NEW);
    assert_eq!(fs::read_to_string(folder.path().join("others")).unwrap(), OLD);
}

#[tokio::test]
async fn several_variables_in_one_file_are_one_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.env");
    fs::write(&file, format!("A=1\nexport T1=\"{OLD}\" # nightly\n")).unwrap();
    std::os::unix::fs::symlink("app.env", folder.path().join("link")).unwrap();
    let variable =
        |file: &Path, name: &str| -> Box<dyn Destination> { Box::new(FileDestination::variable(file, name).unwrap()) };
    let link = folder.path().join("link");
    let delivered = deliver_all(vec![variable(&file, "T1"), variable(&link, "T2"), variable(&file, "T3")]).await;
    assert_eq!(delivered.unwrap().len(), 3);
    let expected = format!("A=1\nexport T1=\"{NEW}\" # nightly\nT2={NEW}\nT3={NEW}\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(names(folder.path()), ["app.env", "link"]);
    // Also without a preparation.
    let mut unprepared = Delivery::new(vec![variable(&file, "T4"), variable(&link, "T5")]);
    let delivered = unprepared.deliver(&Secret::new(NEW), &Metadata::default()).await;
    assert!(delivered.iter().all(|delivered| delivered.problem.is_none()), "{delivered:?}");
    let both: Vec<Box<dyn Destination>> = vec![variable(&file, "T1"), Box::new(FileDestination::new(&link))];
    assert!(deliver_all(both).await.is_err(), "a file is one or the other");
    assert!(FileDestination::variable(&file, "1X").is_err());
}

#[tokio::test]
async fn deliveries_to_one_file_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.env");
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..12 {
        let destination = FileDestination::variable(&file, format!("T{number}")).unwrap();
        waiting.spawn(async move { deliver(destination).await.unwrap() });
    }
    waiting.join_all().await;
    let text = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable_by_key(|line| line[1..].split('=').next().unwrap().parse::<u32>().unwrap());
    assert_eq!(lines, (0..12).map(|number| format!("T{number}={NEW}")).collect::<Vec<_>>());
    assert_eq!(names(folder.path()), ["app.env"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_must_read_the_secret_and_succeed() {
    for (script, is_right) in [("cat >/dev/null", true), ("exit 0", false), ("cat >/dev/null; exit 3", false)] {
        let command = CommandDestination::new(script, move || {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        });
        assert_eq!(deliver(command).await.is_ok(), is_right, "{script}");
    }
}

#[tokio::test]
async fn the_file_for_the_old_secret_replaces_nothing_else() {
    let server = ldtokens_server::Server::start().await.unwrap();
    let owner = server.owner_secret().unwrap().clone();
    let client = Client::builder(owner.clone()).host(server.url()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    for (previous, last_fours, is_refused) in [
        ("", &[][..], false),
        ("notes\nof mine", &[], true),
        (owner.expose(), &[], true),
        (OLD, &[], true),
        (OLD, &["0000".to_owned()], false),
    ] {
        fs::write(folder.path().join("secret.previous"), previous).unwrap();
        let mut delivery = Delivery::new(vec![Box::new(FileDestination::new(&file).keep_previous())]);
        let prepared = delivery.prepare(&client, Replaceable { last_fours, ..Replaceable::default() }).await;
        let reason = prepared.err().map(|error| error.reason);
        assert_eq!(reason, is_refused.then_some(ldtokens_lifecycle::Reason::Occupied), "{previous}");
    }
}

/// Fails this many times, or panics.
struct Flaky(AtomicU32);

impl Destination for Flaky {
    fn label(&self) -> String {
        "a vault".to_owned()
    }

    fn deliver(&self, secret: &Secret, _: &Metadata) -> std::io::Result<()> {
        assert_ne!(self.0.load(Ordering::SeqCst), u32::MAX, "{}", secret.expose());
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_or(Ok(()), |left| Err(std::io::Error::other(format!("{left} to go"))))
    }
}

#[tokio::test]
async fn a_delivery_that_fails_is_tried_three_times() {
    assert_eq!(deliver(Flaky(AtomicU32::new(2))).await, Ok(None));
    assert_eq!(deliver(Flaky(AtomicU32::new(4))).await, Err("2 to go".to_owned()));
    // A panic is a failure like others, and its text is nowhere: it may have the secret.
    assert_eq!(deliver(Flaky(AtomicU32::new(u32::MAX))).await, Err("it stopped unexpectedly".to_owned()));
}

#[test]
fn names_that_kubernetes_refuses_are_refused() {
    let long = "a".repeat(64);
    for (text, is_valid) in [
        ("ld-token", true),
        ("prod/ld-token:api_key", true),
        ("a.b.c", true),
        ("Ld", false),
        ("", false),
        ("a/b/c", false),
        ("a:", false),
        ("a:..", false),
        ("-a", false),
        ("a..b", false),
        ("a.-b", false),
        ("a.b/c", false),
        (&long, false),
        (&format!("{long}/a"), false),
    ] {
        assert_eq!(text.parse::<KubernetesDestination>().is_ok(), is_valid, "{text}");
    }
    let destination = "prod/ld-token".parse::<KubernetesDestination>().unwrap();
    assert!(destination.label().contains("prod/ld-token"));
}

/// The secret of a GitHub job is masked before anything else, and standard output has only the manifest.
#[tokio::test]
async fn the_mask_is_on_standard_error_and_the_manifest_on_standard_output() {
    const CHILD: &str = "LDTOKENS_TEST_FILE";
    if let Some(file) = std::env::var_os(CHILD) {
        deliver(GithubDestination::new(GithubFile::Env, file, "LD").unwrap()).await.unwrap();
        deliver("prod/ld-token".parse::<KubernetesDestination>().unwrap()).await.unwrap();
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let test = "destinations::the_mask_is_on_standard_error_and_the_manifest_on_standard_output";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(CHILD, file.path()).stdin(Stdio::null());
    let output = child.output().unwrap();
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let lines: Vec<&str> = error.lines().filter(|line| !line.starts_with("::debug::")).collect();
    assert_eq!(lines, [format!("::add-mask::{NEW}")]);
    assert!(out.contains("kind: Secret") && out.contains(&format!("\"token\": \"{NEW}\"")), "{out}");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), format!("LD={NEW}\n"));
}
