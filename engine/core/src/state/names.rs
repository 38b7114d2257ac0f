//! The names of rows, kept once: found by row and by name.

use alloc::{string::String, vec::Vec};
use core::{fmt, hash::BuildHasher};

use hashbrown::{HashTable, hash_table::Entry};
use rustc_hash::FxBuildHasher;

/// All names one after the other, and where each ends.
///
/// The hash function is fixed and the order of the hash table is never looked at, so replay is exact; names come from
/// operators, who have no reason to attack their own table.
#[derive(Clone, Default)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
    rows: HashTable<u32>,
}

impl Names {
    pub fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("rows are numbered by u32")
    }

    pub fn get(&self, row: u32) -> &str {
        name(&self.text, &self.ends, row)
    }

    pub fn find(&self, wanted: &str) -> Option<u32> {
        let is_it = |row: &u32| self.get(*row) == wanted;
        self.rows.find(hash(wanted), is_it).copied()
    }

    /// Names the next row, and says whether it could: the name may be taken.
    pub fn push(&mut self, new: &str) -> bool {
        let end = self.text.len();
        self.push_unindexed(new);
        let is_new = self.index().is_ok();
        if !is_new {
            self.ends.pop();
            self.text.truncate(end);
        }
        is_new
    }

    /// Names the next row as [`Names::push`] does, but nobody finds it by that name before [`Names::index`].
    pub fn push_unindexed(&mut self, new: &str) {
        self.text.push_str(new);
        self.ends.push(self.text.len());
    }

    /// Makes the names found that are not yet. No two rows may have the same: else it is the second that is returned.
    pub fn index(&mut self) -> Result<(), u32> {
        let (text, ends) = (&self.text, &self.ends);
        let hash_of = |row: &u32| hash(name(text, ends, *row));
        let from = u32::try_from(self.rows.len()).expect("rows are numbered by u32");
        for row in from..u32::try_from(ends.len()).expect("rows are numbered by u32") {
            let new = name(text, ends, row);
            let is_it = |row: &u32| name(text, ends, *row) == new;
            match self.rows.entry(hash(new), is_it, hash_of) {
                Entry::Occupied(_) => return Err(row),
                Entry::Vacant(place) => place.insert(row),
            };
        }
        Ok(())
    }

    /// Takes memory ahead, and says whether there is any.
    pub fn try_reserve(&mut self, names: usize) -> bool {
        let (text, ends) = (&self.text, &self.ends);
        let rows = &mut self.rows;
        let has_room = rows
            .try_reserve(names, |row| hash(name(text, ends, *row)))
            .is_ok();
        has_room && self.ends.try_reserve(names).is_ok()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (0..self.len()).map(|row| self.get(row));
        f.debug_list().entries(names).finish()
    }
}

fn name<'a>(text: &'a str, ends: &[usize], row: u32) -> &'a str {
    let row = row as usize;
    let start = match row {
        0 => 0,
        row => ends[row - 1],
    };
    &text[start..ends[row]]
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_once_they_are_indexed_and_no_two_are_the_same() {
        let mut names = Names::default();
        assert!(names.push("a") && !names.push("a"));
        names.push_unindexed("b");
        names.push_unindexed("");
        assert_eq!((names.len(), names.find("b")), (3, None));
        assert_eq!(names.index(), Ok(()));
        assert_eq!(names.index(), Ok(()));
        assert_eq!(
            ["a", "b", "", "c"].map(|name| names.find(name)),
            [Some(0), Some(1), Some(2), None]
        );
        for name in ["d", "b", "d"] {
            names.push_unindexed(name);
        }
        assert_eq!(names.index(), Err(4));
    }
}
