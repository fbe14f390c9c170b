//! As much of U-Boot's shell as the boot script uses: `if`, `for`, quotes, `${names}`.
//!
//! Never: a command, or a notion of what the script is for.

use std::iter::Peekable;
use std::vec::IntoIter;

/// One word before its names are filled in: pieces, and whether each stood in quotes.
type Word = Vec<(String, bool)>;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(Word),
    End,
}

#[derive(Clone, Debug)]
enum Statement {
    Command(Vec<Word>),
    If(Vec<Statement>, Vec<Statement>, Vec<Statement>),
    For(String, Vec<Word>, Vec<Statement>),
}

/// A script that was read.
#[derive(Clone, Debug)]
pub struct Script(Vec<Statement>);

/// What a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Done,
    Failed,
    /// The script is over: the board has gone elsewhere.
    Gone,
}

/// What the shell runs on.
pub trait Machine {
    /// The value of a variable; empty where there is none.
    fn value(&self, name: &str) -> String;
    fn set(&mut self, name: &str, value: &str);
    fn run(&mut self, words: &[String]) -> Step;
}

impl Script {
    /// Reads a script.
    ///
    /// # Panics
    /// Where it uses what this shell does not know.
    pub fn read(text: &str) -> Self {
        let mut tokens = tokens_of(text).into_iter().peekable();
        let (statements, end) = block(&mut tokens, &[]);
        assert_eq!(end, "", "the script ends in the middle");
        Self(statements)
    }

    pub fn run(&self, machine: &mut dyn Machine) -> Step {
        run_all(&self.0, machine)
    }
}

fn tokens_of(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let mut word: Option<Word> = None;
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '#' if word.is_none() && !quoted => break,
                '"' => {
                    quoted = !quoted;
                    word.get_or_insert_default().push((String::new(), quoted));
                }
                ' ' | ';' if !quoted => {
                    tokens.extend(word.take().map(Token::Word));
                    tokens.extend((letter == ';').then_some(Token::End));
                }
                '\'' | '\\' | '&' | '|' | '<' | '>' | '(' | ')' | '*' | '`' | '\t' => {
                    panic!("this shell does not know {letter:?}: {line}")
                }
                _ => {
                    let pieces = word.get_or_insert_default();
                    if pieces.is_empty() {
                        pieces.push((String::new(), false));
                    }
                    pieces.last_mut().expect("one was pushed").0.push(letter);
                }
            }
        }
        assert!(!quoted, "a quote is open: {line}");
        tokens.extend(word.map(Token::Word));
        tokens.push(Token::End);
    }
    tokens
}

/// The text of a bare word, as keywords are.
fn bare(word: &Word) -> &str {
    match word.as_slice() {
        [(text, false)] => text,
        _ => "",
    }
}

/// Statements up to one of `ends`, and which that was.
fn block(tokens: &mut Peekable<IntoIter<Token>>, ends: &[&str]) -> (Vec<Statement>, String) {
    let mut statements = Vec::new();
    while let Some(token) = tokens.next() {
        let Token::Word(word) = token else { continue };
        let keyword = bare(&word).to_owned();
        if ends.contains(&keyword.as_str()) {
            return (statements, keyword);
        }
        statements.push(match keyword.as_str() {
            "if" => {
                let (condition, _) = block(tokens, &["then"]);
                let (yes, end) = block(tokens, &["else", "fi"]);
                let no = match end.as_str() {
                    "else" => block(tokens, &["fi"]).0,
                    _ => Vec::new(),
                };
                Statement::If(condition, yes, no)
            }
            "for" => {
                let mut words = rest(tokens);
                let name = bare(&words.remove(0)).to_owned();
                assert_eq!(bare(&words.remove(0)), "in");
                assert_eq!(block(tokens, &["do"]).0.len(), 0);
                Statement::For(name, words, block(tokens, &["done"]).0)
            }
            "then" | "else" | "elif" | "fi" | "do" | "done" | "while" => {
                panic!("{keyword} in the wrong place")
            }
            _ => {
                let mut words = vec![word];
                words.extend(rest(tokens));
                Statement::Command(words)
            }
        });
    }
    (statements, String::new())
}

fn rest(tokens: &mut Peekable<IntoIter<Token>>) -> Vec<Word> {
    let mut words = Vec::new();
    while let Some(Token::Word(word)) = tokens.next_if(|token| *token != Token::End) {
        words.push(word);
    }
    words
}

/// Fills names in; what comes from one outside quotes is split at spaces.
fn expand(words: &[Word], machine: &dyn Machine) -> Vec<String> {
    let mut expanded = Vec::new();
    for word in words {
        let has_quotes = word.iter().any(|(_, quoted)| *quoted);
        let mut current = String::new();
        for (text, quoted) in word {
            let filled = fill(text, machine);
            if *quoted {
                current.push_str(&filled);
                continue;
            }
            let mut parts = filled.split(' ');
            current.push_str(parts.next().unwrap_or_default());
            for part in parts {
                expanded.extend((!current.is_empty()).then(|| std::mem::take(&mut current)));
                current.push_str(part);
            }
        }
        if has_quotes || !current.is_empty() {
            expanded.push(current);
        }
    }
    expanded
}

fn fill(text: &str, machine: &dyn Machine) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').expect("a name is closed");
        filled.push_str(before);
        filled.push_str(&machine.value(name));
        rest = after;
    }
    assert!(!rest.contains('$'), "a name without braces: {text}");
    filled + rest
}

fn run_all(statements: &[Statement], machine: &mut dyn Machine) -> Step {
    let mut last = Step::Done;
    for statement in statements {
        last = match statement {
            Statement::Command(words) => {
                let words = expand(words, machine);
                machine.run(&words)
            }
            Statement::If(condition, yes, no) => match run_all(condition, machine) {
                Step::Done => run_all(yes, machine),
                Step::Failed => run_all(no, machine),
                Step::Gone => Step::Gone,
            },
            Statement::For(name, words, inner) => {
                let mut outcome = Step::Done;
                for value in expand(words, machine) {
                    machine.set(name, &value);
                    outcome = run_all(inner, machine);
                    if outcome == Step::Gone {
                        break;
                    }
                }
                outcome
            }
        };
        if last == Step::Gone {
            return Step::Gone;
        }
    }
    last
}
