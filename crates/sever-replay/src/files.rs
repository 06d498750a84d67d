//! The files of a play: CSV exports, and logs that are written as they are thought up.
//!
//! A log is cut by month, as log rotation does, and compressed on a thread of its own, because
//! compressing takes longer than making up lines. Nothing is held but the chunk being filled and
//! [`CHUNKS_WAITING`] more per log. Compressed bytes carry no time and no name, so that equal lines
//! are equal files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::ReplayError;
use crate::moment::{Ms, civil, push_stamp};

/// Chunks that may wait for the compressor.
const CHUNKS_WAITING: usize = 4;
/// A chunk is handed over at this size.
const CHUNK_BYTES: usize = 1 << 20;

/// Writes a small file, making its folder.
pub(crate) fn text(dir: &Path, name: &str, content: &str) -> Result<(), ReplayError> {
    let path = dir.join(name);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&path, content)).map_err(|error| ReplayError::Write(path, error))
}

/// A CSV file that is written row by row.
pub(crate) struct Table {
    path: PathBuf,
    rows: csv::Writer<Box<dyn Write + Send>>,
}

impl Table {
    /// Begins a CSV file with this header; a name that ends in `.gz` is compressed.
    pub(crate) fn new(dir: &Path, name: &str, header: &str) -> Result<Table, ReplayError> {
        let path = dir.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let file = made.and_then(|()| File::create(&path)).map_err(|error| ReplayError::Write(path.clone(), error))?;
        let plain = BufWriter::new(file);
        let sink: Box<dyn Write + Send> =
            if name.ends_with(".gz") { Box::new(GzEncoder::new(plain, Compression::fast())) } else { Box::new(plain) };
        let mut table = Table { path, rows: csv::Writer::from_writer(sink) };
        table.row(header.split(','))?;
        Ok(table)
    }

    /// Adds a row.
    pub(crate) fn row<T: AsRef<[u8]>>(&mut self, fields: impl IntoIterator<Item = T>) -> Result<(), ReplayError> {
        self.rows.write_record(fields).map_err(|error| ReplayError::Write(self.path.clone(), error.into()))
    }

    /// Ends the file. A compressed one is only whole after this.
    pub(crate) fn finish(self) -> Result<(), ReplayError> {
        let path = self.path;
        let mut sink = self.rows.into_inner().map_err(|error| ReplayError::Write(path.clone(), error.into_error()))?;
        sink.flush().map_err(|error| ReplayError::Write(path, error))
    }
}

/// Where a line of a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, by its number in [`Log::files`].
    pub file: usize,
    /// Byte offset in the decompressed file.
    pub offset: u64,
}

/// A log of JSON lines, cut by month.
pub(crate) struct Log {
    dir: PathBuf,
    name: &'static str,
    month: (i64, u32),
    offset: u64,
    chunk: Vec<u8>,
    /// The files so far, by path inside the play.
    pub files: Vec<String>,
    /// Lines so far.
    pub lines: u64,
    to: Option<SyncSender<Message>>,
    compressor: Option<JoinHandle<Result<(), ReplayError>>>,
}

enum Message {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Log {
    /// Begins the log `logs/{name}-YYYY-MM.jsonl.gz`.
    pub(crate) fn new(dir: &Path, name: &'static str) -> Result<Log, ReplayError> {
        let logs = dir.join("logs");
        std::fs::create_dir_all(&logs).map_err(|error| ReplayError::Write(logs.clone(), error))?;
        let (to, from) = sync_channel(CHUNKS_WAITING);
        let compressor = std::thread::spawn(move || {
            let mut current: Option<(PathBuf, GzEncoder<File>)> = None;
            for message in from {
                match (message, &mut current) {
                    (Message::File(path), _) => {
                        finish(current.take())?;
                        let file = File::create(&path).map_err(|error| ReplayError::Write(path.clone(), error))?;
                        current = Some((path, GzEncoder::new(file, Compression::fast())));
                    }
                    (Message::Bytes(bytes), Some((path, into))) => {
                        into.write_all(&bytes).map_err(|error| ReplayError::Write(path.clone(), error))?;
                    }
                    (Message::Bytes(_), None) => {}
                }
            }
            finish(current)
        });
        Ok(Log {
            dir: logs,
            name,
            month: (0, 0),
            offset: 0,
            chunk: Vec::with_capacity(CHUNK_BYTES + 2_048),
            files: Vec::new(),
            lines: 0,
            to: Some(to),
            compressor: Some(compressor),
        })
    }

    /// Adds a line, which `write` appends without its end, at the instant it is written.
    pub(crate) fn line(&mut self, at: Ms, write: impl FnOnce(&mut Vec<u8>)) -> Result<Place, ReplayError> {
        let (year, month, _) = civil(at);
        if (year, month) > self.month {
            self.rotate(year, month)?;
        }
        let begin = self.chunk.len();
        write(&mut self.chunk);
        self.chunk.push(b'\n');
        let place = Place { file: self.files.len().saturating_sub(1), offset: self.offset };
        self.offset += (self.chunk.len() - begin) as u64;
        self.lines += 1;
        if self.chunk.len() >= CHUNK_BYTES {
            self.hand_over()?;
        }
        Ok(place)
    }

    /// Adds a line of a time and these members of a JSON object.
    pub(crate) fn record(&mut self, at: Ms, members: &str) -> Result<Place, ReplayError> {
        self.line(at, |line| {
            line.extend_from_slice(b"{\"ts\":\"");
            push_stamp(line, at);
            line.extend_from_slice(b"\",");
            line.extend_from_slice(members.as_bytes());
            line.push(b'}');
        })
    }

    /// The file that a place is in.
    pub(crate) fn file(&self, place: Place) -> &str {
        self.files.get(place.file).map_or("", String::as_str)
    }

    /// Ends the log.
    pub(crate) fn finish(mut self) -> Result<(), ReplayError> {
        self.hand_over()?;
        self.join()
    }

    fn rotate(&mut self, year: i64, month: u32) -> Result<(), ReplayError> {
        self.hand_over()?;
        let file = format!("{}-{year:04}-{month:02}.jsonl.gz", self.name);
        let path = self.dir.join(&file);
        self.files.push(format!("logs/{file}"));
        (self.month, self.offset) = ((year, month), 0);
        self.send(Message::File(path))
    }

    fn hand_over(&mut self) -> Result<(), ReplayError> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES + 2_048));
        self.send(Message::Bytes(full))
    }

    fn send(&mut self, message: Message) -> Result<(), ReplayError> {
        let sent = self.to.as_ref().is_some_and(|to| to.send(message).is_ok());
        // The compressor hangs up only when it has failed, and then its error is the one to tell.
        if sent { Ok(()) } else { self.join() }
    }

    fn join(&mut self) -> Result<(), ReplayError> {
        self.to = None;
        let lost = || ReplayError::Write(self.dir.clone(), std::io::Error::other("the compressor stopped"));
        match self.compressor.take() {
            Some(thread) => thread.join().unwrap_or_else(|_| Err(lost())),
            None => Ok(()),
        }
    }
}

fn finish(file: Option<(PathBuf, GzEncoder<File>)>) -> Result<(), ReplayError> {
    match file {
        Some((path, encoder)) => encoder.finish().map(drop).map_err(|error| ReplayError::Write(path, error)),
        None => Ok(()),
    }
}
