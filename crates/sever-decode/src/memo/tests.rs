//! What is remembered is what would be told.

use super::*;

#[test]
fn what_was_told_is_told_again() {
    let mut memo = Memo::default();
    let mut asked = 0;
    for _ in 0..3 {
        for word in ["repo.create", "repo.delete", "repo.crEate", "", "a", "ab", "abc", "abcd", "a much longer word"] {
            let told = memo.told([word, "beside"], |[word, _]| {
                asked += 1;
                word.len()
            });
            assert_eq!(told, word.len());
        }
    }
    assert!(asked < 27, "some are remembered");
}

#[test]
fn words_that_share_a_place_are_told_apart() {
    let mut memo = Memo::default();
    for at in 0..10_000_u32 {
        let word = format!("{:08}-{}-tail-of-it", at % 7, at % 1_000);
        assert_eq!(memo.told([&word], |[word]| word.len()), word.len());
        assert_eq!(memo.told([&word], |[word]| word.len()), word.len());
    }
}

#[test]
fn words_too_long_are_not_kept() {
    let mut memo = Memo::default();
    let long = "x".repeat(WORDS_BYTES_MAX + 1);
    assert_eq!(memo.told([&long], |_| 1), 1);
    assert_eq!(memo.told([&long], |_| 2), 2);
}
