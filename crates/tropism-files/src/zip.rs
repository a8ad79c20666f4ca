//! The part of the zip format that NumPy writes: stored or deflated entries, 64-bit sizes, one disk, no
//! encryption. The directory at the end of the file is believed; checksums are verified.

use crate::{open, unreadable};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};
use tropism::Error;

/// One file in the archive.
pub(crate) struct Entry {
    pub name: String,
    /// Bytes when unpacked.
    pub size: u64,
    packed: u64,
    method: u16,
    checksum: u32,
    offset: u64,
}

/// An open archive.
pub(crate) struct Archive {
    path: String,
    file: File,
    pub entries: Vec<Entry>,
}

/// A little-endian number of `N` bytes at `at`, zero beyond the end.
fn int<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    (0..N).rev().fold(0, |v, k| v << 8 | u64::from(bytes.get(at + k).copied().unwrap_or(0)))
}

impl Archive {
    pub(crate) fn open(path: &str) -> Result<Self, Error> {
        let mut file = open(path)?;
        let bad = || Error::data(path, "this is not a readable zip archive: it has no directory at its end.");
        let length = file.seek(SeekFrom::End(0)).map_err(|e| unreadable(path, e))?;
        // The end record has 22 bytes and a comment of at most 65535; a 64-bit locator of 20 bytes may precede it.
        let tail = read_at(&mut file, length.saturating_sub(22 + 65535 + 20), length.min(22 + 65535 + 20))
            .map_err(|e| unreadable(path, e))?;
        let end = (0..tail.len().saturating_sub(21))
            .rev()
            .find(|&k| tail[k..].starts_with(b"PK\x05\x06"))
            .ok_or_else(bad)?;
        let (mut count, mut size, mut offset) =
            (int::<2>(&tail, end + 10), int::<4>(&tail, end + 12), int::<4>(&tail, end + 16));
        if end >= 20 && tail[end - 20..].starts_with(b"PK\x06\x07") {
            let record =
                read_at(&mut file, int::<8>(&tail, end - 12), 56).map_err(|e| unreadable(path, e))?;
            (count, size, offset) = (int::<8>(&record, 32), int::<8>(&record, 40), int::<8>(&record, 48));
        }
        if size > length || offset > length {
            return Err(bad());
        }
        let directory = read_at(&mut file, offset, size).map_err(|e| unreadable(path, e))?;
        let entries = entries(&directory, count).ok_or_else(bad)?;
        Ok(Self { path: path.into(), file, entries })
    }

    /// Calls `f` with the unpacked content of entry `k` and verifies its checksum.
    pub(crate) fn read<T>(
        &mut self,
        k: usize,
        f: impl FnOnce(&mut dyn Read) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let entry = &self.entries[k];
        let bad = |what: &str| Error::data(&self.path, format!("the entry `{}` {what}.", entry.name));
        let local = read_at(&mut self.file, entry.offset, 30).map_err(|e| unreadable(&self.path, e))?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(bad("is not where the directory says"));
        }
        let start = entry.offset.saturating_add(30 + int::<2>(&local, 26) + int::<2>(&local, 28));
        self.file.seek(SeekFrom::Start(start)).map_err(|e| unreadable(&self.path, e))?;
        let packed: Take<BufReader<&File>> = BufReader::with_capacity(1 << 16, &self.file).take(entry.packed);
        let unpacked: Box<dyn Read> = match entry.method {
            0 => Box::new(packed),
            8 => Box::new(flate2::read::DeflateDecoder::new(packed)),
            _ => return Err(bad("is packed by a method other than deflate")),
        };
        let mut checked = flate2::CrcReader::new(unpacked);
        let out = f(&mut checked)?;
        std::io::copy(&mut checked, &mut std::io::sink()).map_err(|e| unreadable(&self.path, e))?;
        if checked.crc().sum() != entry.checksum {
            Err(bad("is damaged: its checksum is wrong"))
        } else {
            Ok(out)
        }
    }
}

fn read_at(file: &mut File, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![];
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The directory's entries; `None` if it is broken.
fn entries(directory: &[u8], count: u64) -> Option<Vec<Entry>> {
    let (mut out, mut rest) = (vec![], directory);
    for _ in 0..count {
        if !rest.starts_with(b"PK\x01\x02") {
            return None;
        }
        let lengths = [28, 30, 32].map(|k| int::<2>(rest, k) as usize);
        let name = rest.get(46..46 + lengths[0])?;
        let extra = rest.get(46 + lengths[0]..46 + lengths[0] + lengths[1])?;
        let mut numbers = [int::<4>(rest, 24), int::<4>(rest, 20), int::<4>(rest, 42)];
        wide(extra, &mut numbers);
        out.push(Entry {
            name: String::from_utf8_lossy(name).into_owned(),
            size: numbers[0],
            packed: numbers[1],
            offset: numbers[2],
            method: int::<2>(rest, 10) as u16,
            checksum: int::<4>(rest, 16) as u32,
        });
        rest = rest.get(46 + lengths.iter().sum::<usize>()..)?;
    }
    Some(out)
}

/// Replaces the numbers that did not fit into 32 bits by those of the extra field 1.
fn wide(mut extra: &[u8], numbers: &mut [u64; 3]) {
    while extra.len() >= 4 {
        let (id, length) = (int::<2>(extra, 0), int::<2>(extra, 2) as usize);
        if id == 1 {
            let mut at = 4;
            for n in numbers.iter_mut().filter(|n| **n == u64::from(u32::MAX)) {
                *n = int::<8>(extra, at);
                at += 8;
            }
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
}
