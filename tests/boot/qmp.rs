//! QEMU's control socket: commands, their answers, and events.
//!
//! Never: a command whose failure is passed over.
//! Source: https://www.qemu.org/docs/master/interop/qmp-spec.html

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const START_LIMIT: Duration = Duration::from_secs(60);
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

pub struct Qmp {
    stream: BufReader<UnixStream>,
    line: String,
    events: Vec<String>,
}

impl Qmp {
    /// Connects as soon as QEMU listens.
    pub fn connect(socket: &Path) -> Self {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) => assert!(
                    start.elapsed() < START_LIMIT,
                    "QEMU's control socket: {error}"
                ),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut qmp = Self {
            stream: BufReader::new(stream),
            line: String::new(),
            events: Vec::new(),
        };
        let greeting = qmp.message(ANSWER_LIMIT).expect("QEMU greets");
        assert!(greeting.get("QMP").is_some(), "{greeting}");
        qmp.run("qmp_capabilities", &json!({}));
        qmp
    }

    /// Runs a command and returns what it answers.
    pub fn run(&mut self, command: &str, arguments: &Value) -> Value {
        let words = json!({"execute": command, "arguments": arguments}).to_string();
        self.stream
            .get_mut()
            .write_all(words.as_bytes())
            .expect("QEMU listens");
        loop {
            let message = self.message(ANSWER_LIMIT).expect("QEMU answers");
            if let Some(answer) = message.get("return") {
                return answer.clone();
            }
            self.note(&message);
            assert!(message.get("error").is_none(), "{words}: {message}");
        }
    }

    /// Whether the event has come since the start, or comes within `limit`.
    pub fn event(&mut self, name: &str, limit: Duration) -> bool {
        let start = Instant::now();
        loop {
            if self.events.iter().any(|event| event == name) {
                return true;
            }
            let left = limit.saturating_sub(start.elapsed());
            match self.message(left) {
                Ok(message) => self.note(&message),
                Err(_) => return false,
            }
        }
    }

    fn note(&mut self, message: &Value) {
        if let Some(name) = message["event"].as_str() {
            self.events.push(name.to_owned());
        }
    }

    fn message(&mut self, limit: Duration) -> io::Result<Value> {
        let limit = limit.max(Duration::from_millis(1));
        self.stream.get_ref().set_read_timeout(Some(limit))?;
        // A line of which only a part came in time goes on with the next call.
        if self.stream.read_line(&mut self.line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = std::mem::take(&mut self.line);
        Ok(serde_json::from_str(&line)?)
    }
}
