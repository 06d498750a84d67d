//! A connector's page: what it lists, closes and tries, with which roles, and what each answer means.

use std::fmt::Write as _;

use sever_connect::Connector;

pub(super) fn page(id: &str) -> Option<String> {
    let connector = sever_connect::CONNECTORS.iter().find(|connector| connector.id == id)?;
    let mut page = format!("# {}\n\n{}\n\n{}\n\n", connector.id, connector.title, connector.about);
    let does = [
        ("lists doors", connector.open_doors.is_some(), "reading"),
        ("closes them", connector.open_action.is_some(), "cutting"),
        ("tries them", connector.open_probe.is_some(), "probing"),
    ];
    let does: Vec<String> = does
        .iter()
        .map(|(what, can, role)| match can {
            true => format!("{what} with the credentials under `{role}`"),
            false => format!("never {what}"),
        })
        .collect();
    // Writing to a String cannot fail.
    writeln!(page, "It {}.\n", does.join(", ")).ok();
    writeln!(page, "## Roles\n\n{}\n", connector.roles).ok();
    doors(connector, &mut page);
    settings(connector, &mut page);
    page.push_str("In the configuration:\n\n```toml\n[[connection]]\n");
    writeln!(page, "name = \"{id}\"\nkind = \"{id}\"\nsystem = \"…\"\nurl = \"…\"").ok();
    let required = connector.settings.iter().filter(|setting| setting.required);
    let required: Vec<String> = required.map(|setting| format!("{} = \"…\"", setting.name)).collect();
    if !required.is_empty() {
        writeln!(page, "settings = {{ {} }}", required.join(", ")).ok();
    }
    for (role, can) in [
        ("reading", connector.open_doors.is_some()),
        ("probing", connector.open_probe.is_some()),
        ("cutting", connector.open_action.is_some()),
        ("twin", connector.open_probe.is_some()),
    ] {
        if can {
            writeln!(page, "{role} = {{ user = \"…\", secret = {{ env = \"…\" }} }}").ok();
        }
    }
    page.push_str("```\n\nA role that is left out may not be done; `{}` says that it needs no credentials.\n");
    Some(page)
}

/// What each kind of door answers.
fn doors(connector: &Connector, page: &mut String) {
    if connector.doors.is_empty() {
        return;
    }
    page.push_str("## What doors answer\n\n");
    page.push_str(
        "| door | whose secret is tried | answer that means closed | answer that means a bad probe | may still open for |\n\
         |---|---|---|---|---|\n",
    );
    for row in connector.doors {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let (with, closed, bad) = (cell(row.tried_with), cell(row.closed), cell(row.bad_probe));
        writeln!(page, "| {} | {with} | {closed} | {bad} | {} |", row.kind, row.window).ok();
    }
    page.push('\n');
}

fn settings(connector: &Connector, page: &mut String) {
    if connector.settings.is_empty() {
        return;
    }
    page.push_str("## Settings\n\nUnder `settings`:\n\n| name | needed | what it means |\n|---|---|---|\n");
    for setting in connector.settings {
        let needed = if setting.required { "yes" } else { "no" };
        writeln!(page, "| `{}` | {needed} | {} |", setting.name, setting.about.replace('|', "\\|")).ok();
    }
    page.push('\n');
}
