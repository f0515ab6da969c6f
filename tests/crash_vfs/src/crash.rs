//! What a crash leaves. What was synced is there; what wasn't may not be. Nothing is ever damaged outside
//! the bytes that were being written: SQLite counts on that (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::image::Image;
use crate::journal::Operation;

/// What a disk writes at once or not at all, in bytes.
const SECTOR_LEN: usize = 512;
/// A scattered write survives 1 to 7 times in 8; how often is drawn anew for every crash.
const ODDS_OF: u64 = 8;

/// What becomes of the changes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// None of them is there.
    Dropped,
    /// All of them are there, as after `kill -9`.
    Kept,
    /// Each is there or not, by chance; a hole reads as zeros.
    Scattered,
    /// The same for every sector of every write.
    Torn,
}

impl Damage {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Dropped, Self::Kept, Self::Scattered, Self::Torn];
}

/// The files found after a crash that came when these operations had been made, of a folder that held
/// `base` durably before them. `random` decides where chance does.
pub fn crash(
    base: &Image,
    operations: &[Operation],
    damage: Damage,
    mut random: impl FnMut() -> u64,
) -> Image {
    let odds = 1 + random() % (ODDS_OF - 1);
    let mut fate = Fate { damage, odds, random };
    let mut by_file: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        by_file.entry(operation.file()).or_default().push(operation);
    }
    let mut image = base.clone();
    for (name, operations) in by_file {
        let before = image.files.remove(name);
        if let Some(content) = content_after(before, &operations, &mut fate) {
            image.files.insert(name.to_owned(), content);
        }
    }
    image
}

/// One file's content after its operations; `None` where there is no such file.
fn content_after<R: FnMut() -> u64>(
    before: Option<Vec<u8>>,
    operations: &[&Operation],
    fate: &mut Fate<R>,
) -> Option<Vec<u8>> {
    let last_durable = operations.iter().rposition(|operation| is_barrier(operation));
    let (durable, pending) = operations.split_at(last_durable.map_or(0, |at| at + 1));
    let mut content = before;
    for operation in durable {
        apply(&mut content, operation);
    }
    for operation in pending {
        match operation {
            Operation::Write { offset, bytes, .. } => {
                for part in fate.surviving_parts(*offset, bytes.len()) {
                    write(&mut content, offset + part.start, &bytes[part]);
                }
            }
            Operation::Delete { .. } if !fate.survives() => {
                // The name still leads to the old file; what came after went to a new one, now nameless.
                break;
            }
            Operation::Truncate { .. } if !fate.survives() => {}
            operation => apply(&mut content, operation),
        }
    }
    content
}

/// Whether all that was done to the file before is durable after this.
fn is_barrier(operation: &Operation) -> bool {
    matches!(operation, Operation::Sync { .. } | Operation::Delete { is_synced: true, .. })
}

fn apply(content: &mut Option<Vec<u8>>, operation: &Operation) {
    match operation {
        Operation::Write { offset, bytes, .. } => write(content, *offset, bytes),
        Operation::Truncate { len, .. } => content.get_or_insert_default().resize(*len, 0),
        Operation::Sync { .. } => {}
        Operation::Delete { .. } => *content = None,
    }
}

fn write(content: &mut Option<Vec<u8>>, offset: usize, bytes: &[u8]) {
    let content = content.get_or_insert_default();
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// Decides what survives one crash.
struct Fate<R> {
    damage: Damage,
    /// Of [`ODDS_OF`].
    odds: u64,
    random: R,
}

impl<R: FnMut() -> u64> Fate<R> {
    fn survives(&mut self) -> bool {
        match self.damage {
            Damage::Dropped => false,
            Damage::Kept => true,
            Damage::Scattered | Damage::Torn => (self.random)() % ODDS_OF < self.odds,
        }
    }

    /// Those parts of a write that survive, counted from its first byte.
    fn surviving_parts(&mut self, offset: usize, len: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut start = 0;
        while start < len {
            let end = match self.damage {
                Damage::Torn => len.min(start + SECTOR_LEN - (offset + start) % SECTOR_LEN),
                Damage::Dropped | Damage::Kept | Damage::Scattered => len,
            };
            if self.survives() {
                parts.push(start..end);
            }
            start = end;
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "db";

    fn write(offset: usize, bytes: &[u8]) -> Operation {
        Operation::Write { file: FILE.into(), offset, bytes: bytes.to_vec() }
    }

    fn truncate(len: usize) -> Operation {
        Operation::Truncate { file: FILE.into(), len }
    }

    fn sync() -> Operation {
        Operation::Sync { file: FILE.into() }
    }

    fn delete(is_synced: bool) -> Operation {
        Operation::Delete { file: FILE.into(), is_synced }
    }

    fn image(content: &[u8]) -> Image {
        Image { files: [(FILE.to_owned(), content.to_vec())].into() }
    }

    /// The file after a crash in which chance always says the same: 7 of 8 is below no odds, 0 below all.
    fn left(base: &Image, operations: &[Operation], damage: Damage, chance: u64) -> Option<Vec<u8>> {
        crash(base, operations, damage, || chance).files.remove(FILE)
    }

    const LUCKY: u64 = 0;
    const UNLUCKY: u64 = 7;

    #[test]
    fn what_was_synced_is_there_whatever_the_damage() {
        let operations = [write(0, b"abcd"), truncate(3), sync(), write(0, b"xy")];
        for damage in Damage::ALL {
            for chance in 0..=UNLUCKY {
                let found = left(&Image::default(), &operations[..3], damage, chance);
                assert_eq!(found.as_deref(), Some(&b"abc"[..]), "{damage:?} {chance}");
            }
        }
        assert_eq!(
            left(&Image::default(), &operations, Damage::Dropped, LUCKY).as_deref(),
            Some(&b"abc"[..])
        );
        assert_eq!(left(&Image::default(), &operations, Damage::Kept, UNLUCKY).as_deref(), Some(&b"xyc"[..]));
    }

    #[test]
    fn a_sync_of_one_file_says_nothing_of_another() {
        let other = Operation::Sync { file: "log".into() };
        assert_eq!(left(&Image::default(), &[write(0, b"abcd"), other], Damage::Dropped, LUCKY), None);
    }

    #[test]
    fn a_file_that_was_never_synced_may_not_be_there() {
        let operations = [write(0, b"abcd")];
        assert_eq!(left(&Image::default(), &operations, Damage::Dropped, LUCKY), None);
        assert_eq!(left(&Image::default(), &operations, Damage::Scattered, UNLUCKY), None);
        assert_eq!(left(&Image::default(), &operations, Damage::Scattered, LUCKY), Some(b"abcd".to_vec()));
    }

    #[test]
    fn an_unsynced_truncation_may_not_have_happened() {
        let (base, operations) = (image(b"abcd"), [truncate(1)]);
        assert_eq!(left(&base, &operations, Damage::Scattered, UNLUCKY), Some(b"abcd".to_vec()));
        assert_eq!(left(&base, &operations, Damage::Scattered, LUCKY), Some(b"a".to_vec()));
    }

    #[test]
    fn an_unsynced_deletion_brings_the_old_file_back_without_what_went_to_the_new_one() {
        let (base, operations) = (image(b"old"), [delete(false), write(1, b"new")]);
        assert_eq!(left(&base, &operations, Damage::Scattered, UNLUCKY), Some(b"old".to_vec()));
        assert_eq!(left(&base, &operations, Damage::Dropped, LUCKY), Some(b"old".to_vec()));
        assert_eq!(left(&base, &operations, Damage::Kept, UNLUCKY), Some(b"\0new".to_vec()));
    }

    #[test]
    fn a_deletion_is_durable_once_it_or_the_new_file_is_synced() {
        let base = image(b"old");
        assert_eq!(left(&base, &[delete(true)], Damage::Dropped, UNLUCKY), None);
        let operations = [delete(false), write(0, b"n"), sync()];
        assert_eq!(left(&base, &operations, Damage::Dropped, UNLUCKY), Some(b"n".to_vec()));
    }

    #[test]
    fn a_lost_write_before_a_kept_one_leaves_zeros() {
        let mut chances = [0, 7, 0].into_iter();
        let operations = [write(0, b"ab"), write(2, b"cd")];
        let image = crash(&Image::default(), &operations, Damage::Scattered, || chances.next().unwrap_or(0));
        assert_eq!(image.files[FILE], b"\0\0cd");
    }

    #[test]
    fn a_torn_write_survives_by_whole_sectors_of_the_file() {
        let mut chances = [0, 7, 0, 7].into_iter();
        let operations = [write(500, &[1; 600])];
        let image = crash(&image(&[9; 2_000]), &operations, Damage::Torn, || chances.next().unwrap_or(0));
        let content = &image.files[FILE];
        assert!(content[..512].iter().all(|byte| *byte == 9), "the first sector was lost");
        assert!(content[512..1_024].iter().all(|byte| *byte == 1), "the second is there");
        assert!(content[1_024..].iter().all(|byte| *byte == 9), "the third was lost");
    }

    #[test]
    fn the_same_random_numbers_make_the_same_image() {
        let operations: Vec<Operation> = (0..50).map(|at| write(at * 300, &[1; 700])).collect();
        let play = |seed: u64| {
            let mut state = seed;
            crash(&Image::default(), &operations, Damage::Torn, || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 33
            })
        };
        assert_eq!(play(1), play(1));
        assert_ne!(play(1), play(2));
    }
}
