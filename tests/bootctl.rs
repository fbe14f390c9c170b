//! `alcove bootctl` as RAUC calls it: one program a word, one answer a line.
//!
//! Never: a real partition.

use std::path::Path;
use std::process::Command;

struct Board {
    folder: tempfile::TempDir,
}

impl Board {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        std::fs::write(folder.path().join("bootstate"), vec![0; 1024 * 1024])
            .expect("a file of zeros");
        Self { folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Whether the word was carried out, and what was printed.
    fn ask(&self, words: &str) -> (bool, String) {
        self.ask_of(&self.path("bootstate"), words)
    }

    fn ask_of(&self, device: &Path, words: &str) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_alcove"))
            .arg("bootctl")
            .args(words.split(' '))
            .arg("--command-line")
            .arg(self.path("cmdline"))
            .env("ALCOVE_BOOTSTATE", device)
            .output()
            .expect("the program starts");
        let text = String::from_utf8(output.stdout).expect("words");
        (output.status.success(), text)
    }
}

#[test]
fn an_update_through_raucs_words_changes_the_slot_and_back() {
    let board = Board::new();
    for (words, answer) in [
        ("get-primary", "a\n"),
        ("get-state b", "good\n"),
        ("set-state b bad", ""),
        ("get-state b", "bad\n"),
        ("get-primary", "a\n"),
        ("set-primary b", ""),
        ("get-state b", "good\n"),
        ("get-primary", "b\n"),
        ("set-state b good", ""),
        ("get-primary", "b\n"),
        ("set-state b bad", ""),
        ("get-primary", "a\n"),
        ("set-state a bad", ""),
        ("get-primary", "b\n"),
    ] {
        assert_eq!(board.ask(words), (true, answer.to_owned()), "{words}");
    }
}

#[test]
fn the_running_slot_is_the_one_of_the_command_line() {
    let board = Board::new();
    assert!(!board.ask("get-current").0);
    std::fs::write(board.path("cmdline"), "console=ttyS0\n").unwrap();
    assert!(!board.ask("get-current").0);
    std::fs::write(board.path("cmdline"), "console=ttyS0 alcove.slot=b ro\n").unwrap();
    assert_eq!(board.ask("get-current"), (true, "b\n".to_owned()));
}

#[test]
fn what_is_no_slot_or_no_state_or_not_there_changes_nothing() {
    let board = Board::new();
    for words in [
        "set-primary c",
        "set-state a fine",
        "get-state",
        "set-primary",
    ] {
        assert_eq!(board.ask(words), (false, String::new()), "{words}");
    }
    let nowhere = board.path("nowhere");
    assert!(!board.ask_of(&nowhere, "set-primary b").0);
    assert!(!nowhere.exists());
    let whole = std::fs::read(board.path("bootstate")).unwrap();
    assert!(whole.iter().all(|byte| *byte == 0));
}
