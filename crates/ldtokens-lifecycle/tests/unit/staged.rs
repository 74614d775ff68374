use std::fs;

use super::Staged;

#[test]
fn a_new_file_does_not_replace_one_that_appears_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("secret");
    let staged = Staged::new(&target, 6).unwrap();
    fs::write(&target, "notes").unwrap();
    let error = staged.replace(b"secret", true).unwrap_err().to_string();
    assert_eq!(fs::read_to_string(&target).unwrap(), "notes");
    let (_, path) = error.split_once("what was to be written is in ").unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "secret");
}
