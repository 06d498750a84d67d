//! The whole reference is a snapshot, so that no flag or word of it changes unseen.

use crate::world::World;

#[test]
fn the_reference_of_all_commands() {
    let world = World::empty();
    let top = world.sever("--help").stdout;
    let mut reference = top.clone();
    let commands = top.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()) {
        let said = world.sever(&format!("{name} --help"));
        assert_eq!(said.exit, 0, "{}", said.all());
        reference.push_str(&format!("\n==================== sever {name}\n\n{}", said.stdout));
    }
    insta::assert_snapshot!("reference", reference);
}

#[test]
fn misspelt_commands_and_values_are_answered_with_the_right_ones() {
    let world = World::empty();
    let said = world.sever("lst");
    assert_eq!(said.exit, 2);
    insta::assert_snapshot!(said.stderr, @r"
    error: unrecognized subcommand 'lst'

      tip: a similar subcommand exists: 'list'

    Usage: sever [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    let said = world.sever("list leaver");
    assert_eq!(said.exit, 2);
    insta::assert_snapshot!(said.stderr, @r"
    error: invalid value 'leaver' for '<KIND>'
      [possible values: people, leavers, accounts, review, keys, groups, grants]

      tip: a similar value exists: 'leavers'

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(world.sever("explain token-never-isued").all(), @r"
    exit 2
    --- stdout
    --- stderr
    error: there is no detector, format, source, connector, judgement or exit code `token-never-isued`
    hint: did you mean `token-never-issued`?
    ");
}

#[test]
fn without_a_configuration_every_command_says_how_to_get_one() {
    let world = World::empty();
    for command in
        ["sync", "list people", "who x", "check", "scan", "findings", "reach x", "plan x", "doctor", "readiness"]
    {
        let said = world.sever(command);
        assert_eq!((said.exit, said.stdout.as_str()), (2, ""), "`{command}`: {}", said.all());
        assert!(said.stderr.contains("hint: `sever init --from DIR`"), "`{command}`: {}", said.all());
    }
}

#[test]
fn every_code_and_registered_thing_explains_itself() {
    let world = World::empty();
    for code in [0, 1, 2, 3, 4, 5, 6, 11, 15, 130] {
        assert_eq!(world.sever(&format!("explain {code}")).exit, 0, "{code}");
    }
    for list in ["detectors", "formats", "sources"] {
        for row in world.sever(&format!("{list} --format jsonl")).stdout.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let Some(id) = row["id"].as_str() else { continue };
            assert_eq!(world.sever(&format!("explain {id}")).exit, 0, "{id}");
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(world.sever(&format!("completions {shell}")).stdout.contains("readiness"), "{shell}");
    }
    assert!(world.sever("schema").json()["properties"]["source"].is_object());
}
