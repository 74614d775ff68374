use super::{ServerTime, unix_millis};
use std::time::{Duration, UNIX_EPOCH};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_named_time_is_never_taken_to_have_come_too_early() {
    // The server is 1,000,000.4 s ahead of our monotonic clock.
    let mut time = ServerTime::default();
    for sent in (0..3_000).step_by(70) {
        let written = 1_000_000_400 + sent + 5;
        time.learn(UNIX_EPOCH + ms(written - written % 1000), ms(sent), ms(sent + 10));
        let named = 1_000_010_000;
        let ours = time.when(named).unwrap();
        assert!(ours >= ms(9_600), "{ours:?}");
        assert!(ours <= ms(10_610), "{ours:?}");
    }
    assert!(time.when(1_000_010_000).unwrap() < ms(9_700), "many answers narrow it down");
}

#[test]
fn a_clock_set_back_is_believed() {
    let mut time = ServerTime::default();
    time.learn(UNIX_EPOCH + ms(900_000), ms(0), ms(1));
    time.learn(UNIX_EPOCH + ms(300_000), ms(5_000), ms(5_001));
    assert_eq!(unix_millis(time.at(ms(5_001)).unwrap()), 300_000);
}
