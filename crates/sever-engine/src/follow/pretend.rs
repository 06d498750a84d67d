//! A folder that only pretends: files in memory that grow, are renamed, cut, copied and removed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use super::{Entry, Folder, Node, Opened};

type Bytes = Rc<RefCell<Vec<u8>>>;

/// Files by name; a clone is the same folder.
#[derive(Clone, Default)]
pub(crate) struct Pretend {
    files: Rc<RefCell<BTreeMap<String, (u64, Bytes)>>>,
    next: Rc<RefCell<u64>>,
}

impl Pretend {
    pub(crate) fn append(&self, name: &str, bytes: &[u8]) {
        let file = self.file(name);
        file.borrow_mut().extend_from_slice(bytes);
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        let mut files = self.files.borrow_mut();
        if let Some(file) = files.remove(from) {
            files.insert(to.to_owned(), file);
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        self.files.borrow_mut().remove(name);
    }

    pub(crate) fn cut(&self, name: &str) {
        self.file(name).borrow_mut().clear();
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        let bytes = self.bytes(from);
        self.remove(to);
        self.append(to, &bytes);
    }

    pub(crate) fn gzip(&self, from: &str, to: &str) {
        let packed = packed(&self.bytes(from));
        self.remove(from);
        self.append(to, &packed);
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        self.file(name).borrow().clone()
    }

    fn file(&self, name: &str) -> Bytes {
        let mut files = self.files.borrow_mut();
        let mut next = self.next.borrow_mut();
        let file = files.entry(name.to_owned()).or_insert_with(|| {
            *next += 1;
            (*next, Bytes::default())
        });
        Rc::clone(&file.1)
    }
}

pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut writer, bytes).expect("memory takes it");
    writer.finish().expect("memory takes it")
}

impl Folder for Pretend {
    fn list(&mut self) -> io::Result<Vec<Entry>> {
        let files = self.files.borrow();
        let entry = |(name, (inode, bytes)): (&String, &(u64, Bytes))| Entry {
            name: name.clone(),
            node: Node { device: 1, inode: *inode },
            bytes: bytes.borrow().len() as u64,
            aside: false,
        };
        Ok(files.iter().map(entry).collect())
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Opened>> {
        let files = self.files.borrow();
        let (inode, bytes) = files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(PretendFile { inode: *inode, bytes: Rc::clone(bytes) }))
    }
}

struct PretendFile {
    inode: u64,
    bytes: Bytes,
}

impl Opened for PretendFile {
    fn node(&self) -> Node {
        Node { device: 1, inode: self.inode }
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.bytes.borrow().len() as u64)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.bytes.borrow();
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}
