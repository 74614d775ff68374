//! Outputs and variables of a job of GitHub Actions.

use std::fs;

use ldtokens_lifecycle::destinations::{GithubDestination, GithubFile};
use ldtokens_lifecycle::{Delivery, Destination};

use crate::destinations::{NEW, deliver, prepare};

#[tokio::test]
async fn an_output_of_a_github_job_is_a_line_of_its_own_and_part_of_no_other_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("output");
    let destination = || GithubDestination::new(GithubFile::Output, &file, "token").unwrap();
    for (before, between) in
        [("", ""), ("x=1<<2\n", ""), ("x=1", "\n"), ("x<<END\n1\nEND\n", ""), ("x<<END\r\n1\r\nEND", "\n")]
    {
        fs::write(&file, before).unwrap();
        deliver(destination()).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{before}{between}token={NEW}\n"));
    }
    for open in ["x<<END\n1\n", "x<<END\n1\nEND \n"] {
        fs::write(&file, open).unwrap();
        let refused = prepare(&mut Delivery::new(vec![Box::new(destination())])).await.unwrap_err();
        assert!(refused.contains("within a value of several lines"), "{refused}");
        assert_eq!(fs::read_to_string(&file).unwrap(), open);
    }
}

#[tokio::test]
async fn a_missing_github_file_and_names_that_github_refuses_are_refused_before_a_secret_is_requested() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("output");
    let destination = GithubDestination::new(GithubFile::Output, &file, "token").unwrap();
    assert!(destination.check().is_err());
    fs::write(&file, "earlier=1\n").unwrap();
    deliver(destination).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("earlier=1\ntoken={NEW}\n"));
    for (kind, name, is_valid) in [
        (GithubFile::Output, "my-token", true),
        (GithubFile::Output, "1token", false),
        (GithubFile::Output, "", false),
        (GithubFile::Env, "LD_TOKEN", true),
        (GithubFile::Env, "my-token", false),
        (GithubFile::Env, "GITHUB_TOKEN", false),
        (GithubFile::Env, "runner_x", false),
        (GithubFile::Env, "NODE_OPTIONS", false),
    ] {
        assert_eq!(GithubDestination::new(kind, &file, name).is_ok(), is_valid, "{name}");
    }
}
