//! Where answers go: data to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};

use sever_model::{Finding, Meta};

use crate::cli::Global;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::{self, Format, Sheet, Style};
use crate::veil::Veil;

/// The two streams, and how to write to them.
pub struct Output {
    /// The format asked for, or the default for where output goes.
    pub format: Format,
    /// Colour and width.
    pub style: Style,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    broken: bool,
    /// What every answer passes on its way out, once a command has opened an installation.
    veil: Option<Veil>,
}

impl Output {
    /// Standard output and error, as the flags want them.
    pub fn of(global: &Global) -> Output {
        let terminal = std::io::stdout().is_terminal();
        Output {
            format: global.format.unwrap_or_else(|| Format::default_for(terminal)),
            style: Style::stdout(global.color),
            out: Box::new(std::io::BufWriter::new(std::io::stdout())),
            err: Box::new(std::io::stderr()),
            broken: false,
            veil: None,
        }
    }

    /// From now on, people who are employed are shown as pseudonyms.
    pub fn veil(&mut self, veil: Veil) {
        self.veil = Some(veil);
    }

    /// Prints an answer.
    ///
    /// # Errors
    /// When the format does not fit the answer (SARIF of a list of people).
    pub fn sheet(&mut self, sheet: &Sheet) -> Result<(), Failure> {
        sheet.fits(self.format)?;
        let veiled = self.veil.as_ref().map(|veil| veil.sheet(sheet)).transpose()?;
        let sheet = veiled.as_ref().unwrap_or(sheet);
        let written = render::write(&mut self.out, sheet, self.format, &self.style);
        self.settle(written);
        let flushed = self.out.flush();
        self.settle(flushed);
        let aside = render::aside(&mut self.err, sheet, self.format, &self.style);
        self.settle(aside);
        Ok(())
    }

    /// Prints a document as JSON.
    ///
    /// # Errors
    /// When the names of people cannot be looked up.
    pub fn value(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        let veiled = self.veil.as_ref().map(|veil| veil.document(value)).transpose()?;
        let written = writeln!(self.out, "{:#}", veiled.as_ref().unwrap_or(value));
        self.settle(written);
        Ok(())
    }

    /// Prints text as it is: a page, a script, a file.
    pub fn text(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes());
        self.settle(written);
    }

    /// Hands on what has been printed, for whoever reads along.
    pub fn flush(&mut self) {
        let flushed = self.out.flush();
        self.settle(flushed);
    }

    /// A finding as it may be shown.
    ///
    /// # Errors
    /// When the names of people cannot be looked up.
    pub fn shown(&self, finding: &Finding) -> Result<Finding, Failure> {
        self.veil.as_ref().map_or_else(|| Ok(finding.clone()), |veil| veil.finding(finding))
    }

    /// Whether a text may be shown as it stands; where names cannot be looked up, none may.
    pub fn shows(&self, text: &str) -> bool {
        self.veil.as_ref().is_none_or(|veil| veil.text(text).is_ok_and(|shown| shown == text))
    }

    /// Prints one finding, whole, as [`Output::shown`] gives it.
    pub fn finding(&mut self, finding: &Finding, meta: Option<&Meta>) {
        let written = render::finding_page(&mut self.out, finding, meta, &self.style);
        self.settle(written);
    }

    /// Says something beside the answer.
    pub fn note(&mut self, text: &str) {
        let text = self.veiled(text);
        let written = writeln!(self.err, "{text}");
        self.settle(written);
    }

    /// A text as it may be shown; where names cannot be looked up, nothing of it may.
    fn veiled(&self, text: &str) -> String {
        let Some(veil) = &self.veil else { return text.to_owned() };
        veil.text(text).unwrap_or_else(|failure| format!("(not shown: {})", failure.what))
    }

    /// Says something beside the answer that names nobody.
    pub fn aside(text: &str) {
        // Where even that cannot be written nothing can be said.
        writeln!(std::io::stderr(), "{text}").ok();
    }

    /// Says what to do next.
    pub fn hint(&mut self, text: &str) {
        self.note(&format!("hint: {text}"));
    }

    /// Says why it failed, and the cure.
    pub fn fail(&mut self, failure: &Failure) {
        let flushed = self.out.flush();
        self.settle(flushed);
        let shown = failure.map_text(|text| self.veiled(text));
        let written = shown.print(&mut self.err);
        self.settle(written);
    }

    /// Flushes. A reader that has gone away (`sever … | head`) is no failure; any other is.
    pub fn close(&mut self, mut exits: Vec<Exit>) -> Vec<Exit> {
        let flushed = self.out.flush();
        self.settle(flushed);
        if self.broken {
            exits.push(Exit::Failed);
        }
        exits
    }

    fn settle(&mut self, written: std::io::Result<()>) {
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => self.broken = true,
            _ => {}
        }
    }
}
