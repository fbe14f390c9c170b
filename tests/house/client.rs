//! A small HTTP/1.1 client on one kept connection: enough to ask Alcove and its peers, and to time the answers.
//! Never: TLS, redirects, or any address but the one it was made for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(60);

/// One client, one connection at a time.
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

/// A whole answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; panics with the text when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            token: None,
            connection: None,
        }
    }

    /// The same client with a bearer token on every request.
    pub fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// Another client with the same rights, on a connection of its own.
    pub fn twin(&self) -> Self {
        Self {
            address: self.address,
            token: self.token.clone(),
            connection: None,
        }
    }

    /// A client with the same rights for another address.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.twin()
        }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.try_get(path)
            .unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    pub fn try_get(&mut self, path: &str) -> io::Result<Answer> {
        self.request("GET", path, &[], None)
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }

    /// Sends JSON and expects an answer of any status.
    pub fn send(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let bytes = body.to_string().into_bytes();
        self.request(
            method,
            path,
            &[("Content-Type", "application/json")],
            Some(&bytes),
        )
        .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// One request and its whole answer; a kept connection that the server closed meanwhile is opened again once.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Answer> {
        let mut collected = Vec::new();
        let (status, headers) = self.exchange(method, path, headers, body, &mut |part| {
            collected.extend_from_slice(part)
        })?;
        Ok(Answer {
            status,
            headers,
            body: collected,
        })
    }

    /// Reads an answer to its end without keeping it: status and bytes of the body.
    pub fn drain(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<(u16, u64)> {
        let mut count = 0;
        let (status, _) = self.exchange("GET", path, headers, None, &mut |part| {
            count += part.len() as u64
        })?;
        Ok((status, count))
    }

    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Head> {
        let fresh = self.connection.is_none();
        let head = match self.begin(method, path, headers, body) {
            Err(_) if !fresh => {
                self.connection = None;
                self.begin(method, path, headers, body)
            }
            other => other,
        };
        let result = head.and_then(|head| self.body(method, head, sink));
        if result.is_err() {
            self.connection = None;
        }
        result
    }

    /// Sends the request and reads status and headers.
    fn begin(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Head> {
        let mut words = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        if let Some(token) = &self.token {
            words += &format!("Authorization: Bearer {token}\r\n");
        }
        for (name, value) in headers {
            words += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = body {
            words += &format!("Content-Length: {}\r\n", body.len());
        }
        words += "\r\n";
        let stream = self.connected()?;
        stream.get_mut().write_all(words.as_bytes())?;
        stream.get_mut().write_all(body.unwrap_or_default())?;
        read_head(stream)
    }

    fn connected(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        if self.connection.is_none() {
            let stream = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            self.connection = Some(BufReader::with_capacity(256 * 1024, stream));
        }
        Ok(self.connection.as_mut().expect("made two lines above"))
    }

    fn body(&mut self, method: &str, head: Head, sink: &mut dyn FnMut(&[u8])) -> io::Result<Head> {
        let find = |name: &str| {
            head.1
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, v)| v.clone())
        };
        let length = find("content-length").and_then(|v| v.parse::<u64>().ok());
        let chunked = find("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        let closes = find("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        let stream = self
            .connection
            .as_mut()
            .expect("an answer has come over it");
        let empty = method == "HEAD" || head.0 == 204 || head.0 == 304;
        match (empty, chunked, length) {
            (true, ..) => {}
            (_, true, _) => read_chunks(stream, sink)?,
            (_, _, Some(length)) => read_exactly(stream, length, sink)?,
            _ => read_exactly(stream, u64::MAX, sink).or_else(|e| {
                if e.kind() == io::ErrorKind::UnexpectedEof {
                    Ok(())
                } else {
                    Err(e)
                }
            })?,
        }
        if closes || (!empty && !chunked && length.is_none()) {
            self.connection = None;
        }
        Ok(head)
    }
}

type Head = (u16, Vec<(String, String)>);

fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<Head> {
    let status_line = read_line(stream)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| bad(&status_line))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad(&line))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
}

fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

fn read_exactly(
    stream: &mut BufReader<TcpStream>,
    mut left: u64,
    sink: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    while left > 0 {
        let part = stream.fill_buf()?;
        if part.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let take = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        sink(&part[..take]);
        stream.consume(take);
        left -= take as u64;
    }
    Ok(())
}

fn read_chunks(stream: &mut BufReader<TcpStream>, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    loop {
        let line = read_line(stream)?;
        let size = u64::from_str_radix(line.split(';').next().unwrap_or_default(), 16)
            .map_err(|_| bad(&line))?;
        read_exactly(stream, size, sink)?;
        let mut end = [0; 2];
        stream.read_exact(&mut end)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn bad(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {line}"))
}
