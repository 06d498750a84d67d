//! What hosts say, true and otherwise.

use super::*;

#[test]
fn patterns_become_the_files_of_each_user() {
    let said = settings(
        b"set authorizedkeysfile .ssh/authorized_keys /etc/ssh/keys/%u /etc/ssh/all%%\nset revokedkeys none\nuid 0\n\
          user ann:1000:/srv/ann:/bin/sh\nuser root:0:/srv/of-root:/bin/sh\nuser broken\nend\n",
    )
    .unwrap();
    let files: Vec<String> =
        said.files("authorizedkeysfile").into_iter().map(|(path, user)| format!("{user} {path}")).collect();
    assert_eq!(
        files,
        [
            "* /etc/ssh/all%",
            "ann /etc/ssh/keys/ann",
            "root /etc/ssh/keys/root",
            "ann /srv/ann/.ssh/authorized_keys",
            "root /srv/of-root/.ssh/authorized_keys",
        ]
    );
    assert_eq!((said.word("revokedkeys"), said.is_root, said.has_match), (None, true, false));
}

#[test]
fn what_depends_on_where_one_comes_from_is_noticed() {
    let weighs = |text: &str| settings(text.as_bytes()).unwrap().weighs_address;
    assert!(!weighs("set allowusers bob\nmatch\nend\n"));
    assert!(weighs("set allowusers ann\nset allowusers bob@192.0.2.*\nend\n"));
    assert!(weighs("match\nmatch-address\nend\n"));
}

#[test]
fn what_breaks_off_is_nothing() {
    assert_eq!(settings(b"set a b\nuser ann:1000:/srv/ann:/bin/sh\n"), None);
    assert_eq!(files(b"file 0 YQ==\n"), None);
    assert_eq!(served(b"ours 1\nlive 1 0 0 5 bob [priv]\n"), None);
    assert_eq!(files(b"file x YQ==\nend"), None);
    assert_eq!(files(b"file 0 \xff\xff\nend"), None);
    let read = files(b"uid 0\nfile 3 YQ==\nfile 4 \nend\n").unwrap();
    assert!(read.is_root);
    assert_eq!(read.contents, [(3, b"a".to_vec()), (4, Vec::new())]);
}

#[test]
fn only_root_says_whom_a_process_serves() {
    let said = served(
        b"ours 40\nours 12\nours 1\nlive 10 1 0 500 bob [priv]\nlive 11 10 1000 501 bob@notty\nlive 12 1 0 502 root@pts/0\n\
          live 13 1 1000 503 ann [priv]\nlive 14 1 0 504 zoe [priv]\nlive 15 14 33 505 zoe [net]\n\
          live 16 1 0 506 /usr/sbin/sshd -D [listener] 0 of 10-100 startups\nlive x y z\nlive\nend\n",
    )
    .unwrap();
    let users: Vec<(u32, &str, bool)> = said.iter().map(|live| (live.pid, live.user.as_str(), live.is_ours)).collect();
    assert_eq!(users, [(10, "bob", false), (12, "root", true)]);
}
