//! No bytes make the proof checker panic; and no change to a proof, even by who can sign its manifest
//! anew, makes it say something else of the same statements.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use sever_model::WallTime;
use sever_store::proof::{
    Bundle, Checked, Checkpoint, Claim, ClaimKind, Disclosure, LogKey, LogReader, Note, NoteKey, ProofLog, Statement,
    Trust, certificates, check, export,
};

/// A good proof, and what is said of it.
static GOOD: LazyLock<(Bundle, Checked)> = LazyLock::new(|| {
    let data = tempfile::tempdir().expect("a folder");
    let claims: Vec<Claim> = (0..3).map(claim).collect();
    ProofLog::open(data.path(), key()).and_then(|mut log| log.append_all(&claims)).expect("a log");
    let reader = LogReader::open(data.path()).expect("a log");
    let mut files = export(&reader, &key(), None, &|_: &Disclosure| true).expect("a proof").bundle.files().clone();
    files.insert("anchors/3/checkpoint".to_owned(), reader.checkpoint_bytes().to_vec());
    let mut bundle = Bundle::of(files);
    bundle.sign(&key());
    let checked = check(&bundle, &Trust::default()).expect("it is good");
    (bundle, checked)
});

fn key() -> LogKey {
    LogKey::from_seed(&[1; 32]).expect("a key")
}

fn claim(number: usize) -> Claim {
    let private = [("person".to_owned(), "ann".to_owned())].into();
    let at = WallTime::from_secs(1_790_787_600);
    Claim { kind: ClaimKind::Verdict, departure: "dep-1".to_owned(), at, public: json!({"number": number}), private }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(Note::parse(note.to_string().as_bytes()).as_ref(), Ok(&note));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        NoteKey::parse(text);
        Checkpoint::parse(text);
    }
    Statement::parse(data).ok();
    certificates(data);
    if let Ok(bundle) = Bundle::untar(data) {
        check(&bundle, &Trust::default()).ok();
    }
    let mut answered = GOOD.0.files().clone();
    answered.insert("anchors/3/response.tsr".to_owned(), data.to_vec());
    let mut answered = Bundle::of(answered);
    answered.sign(&key());
    assert!(check(&answered, &Trust::default()).is_err(), "nobody stamped that");
    // Which file, where in it, and what is put there.
    let (good, said) = &*GOOD;
    let [file, high, low, bytes @ ..] = data else { return };
    let mut files = good.files().clone();
    let name = files.keys().nth(usize::from(*file) % files.len()).cloned().unwrap_or_default();
    // Prose may be changed by who can sign; everything else is held by something else, too.
    if name == "README.txt" {
        return;
    }
    let content = files.entry(name).or_default();
    let at = usize::from(u16::from_be_bytes([*high, *low])) % (content.len() + 1);
    let end = (at + bytes.len()).min(content.len());
    content.splice(at..end, bytes.iter().copied());
    let mut changed = Bundle::of(files);
    changed.sign(&key());
    if let Ok(now) = check(&changed, &Trust::default()) {
        assert_eq!((now.statements(), now.checkpoint.root), (said.statements(), said.checkpoint.root));
    }
});
