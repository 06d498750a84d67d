//! What a watch writes down, and how it goes on from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sever_model::{EventSource, EventTime, SavedFindings, SourceId, Symbols, WallTime};

use super::Watcher;
use super::files::WatchedFile;
use crate::EngineError;
use crate::follow::Mark;
use crate::scan::cursor::Place;

/// What was judged between two commits, in order; small.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Commit {
    /// When, by the clock.
    pub at: WallTime,
    /// The files of which something was read: new ones, and those that were known.
    pub files: Vec<SavedFile>,
    /// Which rows were handed on: file and count.
    pub runs: Vec<(usize, u64)>,
}

/// All of a watch's state.
#[derive(Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When people and keys were looked up that the state was judged by.
    pub known_at: WallTime,
    reached: EventTime,
    files: Vec<SavedFile>,
    pipeline: Value,
    findings: SavedFindings,
}

/// One file, by the number under which it was followed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedFile {
    number: usize,
    log: SourceId,
    source: SourceId,
    mark: Mark,
    place: Place,
}

impl Watcher<'_> {
    pub(super) fn save_file(&self, number: usize) -> Option<SavedFile> {
        let file = self.files.get(number)?;
        let log = self.logs.get(file.log)?;
        let mark = log.follower.borrow().mark(file.file)?;
        // Of one that is not yet found again there is no reader: its place is as it was.
        let place = self.merge.cursor(number).map_or(file.place, |cursor| cursor.place());
        Some(SavedFile { number, log: log.source.log.clone(), source: file.source.id.clone(), mark, place })
    }

    /// All of the state. What was judged must have been committed, and what was found told.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which would be a defect.
    pub fn checkpoint(&self, known_at: WallTime) -> Result<Checkpoint, serde_json::Error> {
        Ok(Checkpoint {
            known_at,
            reached: self.reached,
            files: (0..self.files.len()).filter_map(|file| self.save_file(file)).collect(),
            pipeline: self.pipeline.save(&self.symbols)?,
            findings: self.pipeline.findings().save(),
        })
    }

    pub(super) fn restore(
        &mut self,
        saved: Option<Checkpoint>,
        commits: Vec<Commit>,
        symbols: &mut Symbols,
    ) -> Result<(), EngineError> {
        let (mut files, mut state) = (Vec::new(), None);
        if let Some(saved) = saved {
            files = saved.files;
            self.reached = saved.reached;
            state = Some((saved.pipeline, saved.findings));
        }
        for commit in commits {
            for later in commit.files {
                match files.get_mut(later.number) {
                    // Where it stood at the checkpoint is where judging goes on; what it is known by, and how
                    // it was decided to be read, is the latest.
                    Some(file) => {
                        file.mark = later.mark;
                        file.place.decided = later.place.decided;
                    }
                    None => files.push(SavedFile { place: Place { rows: 0, ..later.place }, ..later }),
                }
            }
            self.replay.extend(commit.runs);
        }
        self.restore_files(files)?;
        if let Some((pipeline, findings)) = state {
            self.pipeline.load(pipeline, symbols).map_err(|error| EngineError::Checkpoint(error.to_string()))?;
            self.pipeline.load_findings(findings);
        }
        Ok(())
    }

    /// Takes up the files that were followed, by their numbers.
    fn restore_files(&mut self, files: Vec<SavedFile>) -> Result<(), EngineError> {
        let mut marks: Vec<Vec<Mark>> = self.logs.iter().map(|_| Vec::new()).collect();
        for mut file in files {
            // One whose rows are to be judged again is looked for, though it had ended.
            file.mark.ended &= !self.replay.iter().any(|(number, _)| *number == file.number);
            let log = self.logs.iter().position(|log| log.source.log == file.log);
            let (Some(log), Some(of_log)) = (log, log.and_then(|log| marks.get_mut(log))) else {
                return Err(EngineError::Checkpoint(format!("it is of a log `{}`, which is not watched", file.log)));
            };
            let number = self.files.len();
            let Some(watched) = self.logs.get_mut(log) else { continue };
            watched.numbers.push(number);
            let source = EventSource { id: file.source, ..watched.source.clone() };
            self.pipeline.add_source(source.clone());
            self.files.push(WatchedFile { log, file: of_log.len(), source, place: file.place });
            of_log.push(file.mark);
        }
        for (log, marks) in self.logs.iter().zip(marks) {
            log.follower.borrow_mut().resume(marks);
        }
        for number in 0..self.files.len() {
            self.read_from(number);
        }
        Ok(())
    }
}
