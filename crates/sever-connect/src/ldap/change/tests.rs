//! Steps as they are written down.

use super::*;

#[test]
fn a_key_that_cannot_be_put_back_has_no_inverse() {
    let connection = ConnectionId::from("directory");
    let mut door = Door::new(&"ldap".into(), sever_model::DoorKind::SshKey, "bob/SHA256:x");
    for (name, value) in [("dn", "uid=bob"), ("attribute", "sshPublicKey"), ("key", "SHA256:x")] {
        door.attributes.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(remove_key(&connection, "an-id", &door).inverse, Inverse::None);
    door.attributes.insert("value64".to_owned(), "eA==".to_owned());
    let step = remove_key(&connection, "an-id", &door);
    assert!(matches!(&step.inverse, Inverse::By(add) if add.verb == "add-key" && add.target == "an-id"));
    assert!(is_shared(&step.operation.verb) && !is_shared("lock-account"));
}

#[test]
fn a_step_without_its_arguments_is_none() {
    assert!(matches!(argument(&BTreeMap::new(), "dn"), Err(ActError::BadStep(_))));
}
