//! What is said of a slip to the person who made it.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Of a key or value that there is not: the one that was probably meant, or all there are.
#[must_use]
pub fn unknown(kind: &str, found: &str, allowed: &[&str]) -> String {
    match nearest(found, allowed) {
        Some(meant) => format!("unknown {kind} '{found}'; did you mean '{meant}'?"),
        None if allowed.is_empty() => format!("unknown {kind} '{found}'; none is allowed here"),
        None => format!(
            "unknown {kind} '{found}'; allowed are {}",
            allowed.join(", ")
        ),
    }
}

/// What was expected, without the names that only programmers give things.
#[must_use]
pub fn expected(what: &str) -> Cow<'_, str> {
    match what {
        "u8" => "a whole number from 0 to 255".into(),
        "u16" => "a whole number from 0 to 65535".into(),
        "u32" => "a whole number from 0 to 4294967295".into(),
        "u64" => "a whole number from 0 on".into(),
        "a boolean" => "true or false".into(),
        "a string" => "a text".into(),
        "a sequence" => "a list".into(),
        "a map" => "keys and values".into(),
        _ if what.starts_with("struct ") => "keys and values".into(),
        _ if what.starts_with("enum ") || what == "variant identifier" => "a word".into(),
        _ => what.into(),
    }
}

/// The allowed name that was probably meant.
fn nearest<'n>(found: &str, allowed: &[&'n str]) -> Option<&'n str> {
    // A third of the letters may be wrong: then `percent` is near `percentage`, and `name` is not near `phase`.
    let found = found.to_lowercase();
    let near = |name: &&str| {
        let letters = name.len().max(found.len());
        // Whoever sends a book for a key is not looking for a name.
        let distance = (letters <= LETTERS_MAX).then(|| distance(&found, name))?;
        (distance * 3 <= letters).then_some(distance)
    };
    let near = allowed
        .iter()
        .filter_map(|name| near(name).map(|distance| (distance, *name)));
    near.min().map(|(_, name)| name)
}

/// Longer than any name there is.
const LETTERS_MAX: usize = 64;

/// How many letters must be changed, added, left out or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = Vec::from([i]);
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = core::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// `expected` as a derived reader states it, in words for people.
pub(crate) fn expected_of(what: &dyn serde::de::Expected) -> String {
    expected(&what.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_changed_added_left_out_and_swapped_count_one_each() {
        for (a, b, steps) in [
            ("", "", 0),
            ("", "abc", 3),
            ("phase", "phase", 0),
            ("percent", "percentage", 3),
            ("percentgae", "percentage", 1),
            ("pahsde", "phased", 2),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(a, b), steps, "{a} {b}");
            assert_eq!(distance(b, a), steps, "{b} {a}");
        }
    }

    #[test]
    fn a_name_is_offered_only_if_most_of_its_letters_are_right() {
        let allowed = ["name", "percentage", "phases"];
        assert_eq!(nearest("Percentige", &allowed), Some("percentage"));
        assert_eq!(nearest("phase", &allowed), Some("phases"));
        assert_eq!(nearest("colour", &allowed), None);
        assert_eq!(nearest(&"phases".repeat(100), &allowed), None);
    }
}
