//! The sizes of consortia that can be founded.

use crate::support::{CHEAP, files_under};
use medshare_sdk::Consortium;
use medshare_sdk::local::LocalBuilder;

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_cannot_be_founded_is_refused_before_anything_is_written() {
    for size in [0, 1, 3, 1025, 100_000] {
        let error = Consortium::in_process(size).await.map(drop).unwrap_err();
        assert_eq!(error.code(), "invalid_size", "{error}");
        assert!(!error.is_retryable());
        let text = error.to_string();
        for word in ["4 to 1024", &format!("not {size}")] {
            assert!(text.contains(word), "{text}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let builder = LocalBuilder::new(3).with_folder(folder.path());
    let error = builder.with_passphrase("x").start().await;
    assert_eq!(error.map(drop).unwrap_err().code(), "invalid_size");
    let left = files_under(folder.path());
    assert!(left.iter().all(|file| file.ends_with("lock")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_members_than_have_names_of_their_own() {
    let builder = LocalBuilder::new(7).with_passphrase_cost(CHEAP);
    let consortium = builder.start().await.unwrap();
    consortium.organisation("organisation-7").unwrap();
    consortium.shut_down().await.unwrap();
}
