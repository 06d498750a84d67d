//! `sever config` and `sever schema`: the configuration in force, and what it may hold.

use serde_json::json;

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Show the configuration in force, and where each value comes from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What to do with the configuration.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// Print each value in force
    Show {
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// List every setting with its meaning and default
    Settings,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let sheet = match &args.action {
        Some(Action::Settings) => settings(),
        Some(Action::Show { origin: false }) | None => shown(global, &["setting", "value"])?,
        Some(Action::Show { origin: true }) => shown(global, &["setting", "value", "origin"])?,
    };
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

fn shown(global: &Global, columns: &[&'static str]) -> Result<Sheet, Failure> {
    let config = site::load(global, global.config.clone())?;
    let mut sheet = Sheet::new("config", "configuration in force", columns);
    for value in config.explained() {
        let mut row = vec![json!(value.name), json!(value.value)];
        if columns.len() > 2 {
            row.push(json!(value.origin.to_string()));
        }
        sheet.rows.push(row);
    }
    for file in &config.files {
        sheet.notes.push(format!("read {}", file.display()));
    }
    Ok(sheet)
}

fn settings() -> Sheet {
    let mut sheet = Sheet::new("settings", "settings", &["setting", "holds", "default", "variable", "meaning"]);
    for setting in crate::config::settings() {
        sheet.rows.push(vec![
            json!(setting.name),
            json!(setting.holds),
            json!(setting.default),
            json!(setting.variable.unwrap_or_default()),
            json!(setting.doc),
        ]);
    }
    sheet
}

pub(super) fn schema(out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let ids = site::ids();
    out.text(&format!("{:#}\n", crate::config::json_schema(&ids.known())));
    Ok(vec![Exit::Clean])
}
