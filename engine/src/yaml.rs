//! Files that people write: campaigns and the configuration, in YAML, of which JSON is a part.
//!
//! A slip is refused where it stands, with the name that was probably meant. Nothing is guessed at and nothing unknown is
//! passed over: a misspelt threshold that silently became its default would be found by the fleet.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_saphyr::{DuplicateKeyPolicy, Error, MergeKeyPolicy};

/// Why a file could not be read: `campaign.yaml:12:3: unknown key 'percentge'; did you mean 'percentage'?`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    file: String,
    /// Line and column, from 1.
    place: Option<(u64, u64)>,
    problem: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.problem),
            None => write!(f, "{}: {}", self.file, self.problem),
        }
    }
}

impl std::error::Error for YamlError {}

/// Reads one document. `file_name` is what its errors begin with.
pub fn read<T: DeserializeOwned>(text: &str, file_name: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! {
        // A key that stands twice is a slip, and so is a merge that hides one.
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        // Only true and false: `no` may be a country.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error
            .location()
            .map(|place| (place.line(), place.column()))
            .filter(|(line, _)| *line > 0);
        YamlError {
            file: file_name.to_owned(),
            place,
            problem: describe(error.without_snippet(), place.and_then(|at| key(text, at))),
        }
    })
}

fn describe(error: &Error, key: Option<&str>) -> String {
    let of_key = key.map_or(String::new(), |key| format!("{key}: "));
    match error {
        Error::SerdeUnknownField {
            field, expected, ..
        } => unknown("key", field, expected),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => format!("{of_key}{}", unknown("value", variant, expected)),
        Error::SerdeMissingField { field, .. } => format!("the key '{field}' is missing"),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key '{key}' stands here twice")
        }
        Error::SerdeInvalidType {
            unexpected,
            expected,
            ..
        }
        | Error::SerdeInvalidValue {
            unexpected,
            expected,
            ..
        } => format!("{of_key}expected {expected}, found {unexpected}"),
        Error::Message { msg, .. } => format!("{of_key}{msg}"),
        Error::MultipleDocuments { .. } => "a second document begins here".to_owned(),
        Error::AliasError { error, .. } => describe(error, key),
        other => {
            let place_is_known = serde_saphyr::DefaultMessageFormatter;
            let text = serde_saphyr::MessageFormatter::format_message(&place_is_known, other);
            format!("{of_key}{text}")
        }
    }
}

fn unknown(kind: &str, found: &str, allowed: &[&str]) -> String {
    match nearest(found, allowed) {
        Some(meant) => format!("unknown {kind} '{found}'; did you mean '{meant}'?"),
        None if allowed.is_empty() => format!("unknown {kind} '{found}'; none is allowed here"),
        None => format!(
            "unknown {kind} '{found}'; allowed are {}",
            allowed.join(", ")
        ),
    }
}

/// The allowed name that was probably meant.
fn nearest<'n>(found: &str, allowed: &[&'n str]) -> Option<&'n str> {
    // A third of the letters may be wrong: then `percent` is near `percentage`, and `name` is not near `phase`.
    let near = |name: &&str| {
        let distance = strsim::damerau_levenshtein(&found.to_lowercase(), name);
        (distance * 3 <= name.len().max(found.len())).then_some(distance)
    };
    allowed
        .iter()
        .filter_map(|name| near(name).map(|distance| (distance, *name)))
        .min()
        .map(|(_, name)| name)
}

/// The key that a place is about: the one that stands there, or whose value does, if that is on the same line.
fn key(text: &str, (line, column): (u64, u64)) -> Option<&str> {
    let line = text
        .lines()
        .nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let (at, _) = line.char_indices().nth(column)?;
    let (before, from) = line.split_at(at);
    let unquoted = from.trim_start_matches(['"', '\'']);
    let end = unquoted.find(|c| !is_name(c)).unwrap_or(unquoted.len());
    let (name, behind) = unquoted.split_at(end);
    if !name.is_empty() && behind.trim_start_matches(['"', '\'', ' ']).starts_with(':') {
        return Some(name);
    }
    let before = before.trim_end().strip_suffix(':')?;
    let name = before.trim_end_matches(['"', '\'', ' ']);
    let start = name.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
    Some(&name[start..]).filter(|name| !name.is_empty())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use fleetfold_schemas::campaign::{BasisPoints, CampaignSpec, Hours};

    use super::*;

    const GOOD: &str = "\
# Comments are allowed.
id: spring
release:
  model: sensor-a
  version: 1.10
phases:
  - name: canary
    percentage: 0.5
    duration_hours: 30m
  - { name: all, percentage: 100, duration_hours: 24, wait_for_success: false }
";

    fn error(text: &str) -> String {
        read::<CampaignSpec>(text, "c.yaml")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_campaign_is_the_same_in_yaml_and_in_json() {
        let spec: CampaignSpec = read(GOOD, "c.yaml").unwrap();
        assert_eq!(
            spec.releases[0].version.as_str(),
            "1.10",
            "not the number 1.1"
        );
        assert_eq!(spec.phases[0].percentage, BasisPoints::new(50).unwrap());
        assert_eq!(
            spec.phases[0].duration_hours,
            Hours::from_ms(30 * 60 * 1000)
        );
        assert!(!spec.phases[1].wait_for_success);
        let json = serde_json::to_string_pretty(&spec).unwrap();
        assert_eq!(read::<CampaignSpec>(&json, "c.json").unwrap(), spec);
    }

    #[test]
    fn a_misspelt_key_is_refused_where_it_stands_with_the_one_that_was_meant() {
        let slip = GOOD.replacen("percentage: 0.5", "percentge: 0.5", 1);
        assert_eq!(
            error(&slip),
            "c.yaml:8:5: unknown key 'percentge'; did you mean 'percentage'?"
        );
        let slip = format!("{GOOD}failure-threshold: 5\n");
        assert_eq!(
            error(&slip),
            "c.yaml:11:1: unknown key 'failure-threshold'; did you mean 'failure_threshold'?"
        );
        let slip = GOOD.replacen("  version: 1.10", "  version: 1.10\n  colour: red", 1);
        assert_eq!(
            error(&slip),
            "c.yaml:6:3: unknown key 'colour'; allowed are model, version"
        );
    }

    #[test]
    fn a_wrong_value_is_refused_where_it_stands_with_what_is_allowed() {
        let slip = GOOD.replacen("0.5", "150", 1);
        assert_eq!(
            error(&slip),
            "c.yaml:8:5: percentage: expected a percentage from 0 to 100 with at most two decimals, found integer `150`"
        );
        let slip = GOOD.replacen("30m", "30x", 1);
        assert!(
            error(&slip).starts_with("c.yaml:9:5: duration_hours: expected a whole number"),
            "{}",
            error(&slip)
        );
        let slip = GOOD.replacen("sensor-a", "sensor a", 1);
        assert!(
            error(&slip).starts_with("c.yaml:4:10: model: a model id consists of"),
            "{}",
            error(&slip)
        );
        let slip = GOOD.replacen("wait_for_success: false", "wait_for_success: no", 1);
        assert!(error(&slip).starts_with("c.yaml:10:"), "{}", error(&slip));
    }

    #[test]
    fn what_is_missing_or_there_twice_is_said() {
        let slip = GOOD.replacen("id: spring\n", "", 1);
        assert!(
            error(&slip).ends_with("the key 'id' is missing"),
            "{}",
            error(&slip)
        );
        let slip = format!("{GOOD}id: summer\n");
        assert_eq!(error(&slip), "c.yaml:11:1: the key 'id' stands here twice");
        let slip = format!("{GOOD}---\nid: summer\n");
        assert!(
            error(&slip).ends_with("a second document begins here"),
            "{}",
            error(&slip)
        );
        assert!(
            error("id: [").starts_with("c.yaml:1:"),
            "{}",
            error("id: [")
        );
        assert!(error("").starts_with("c.yaml"), "{}", error(""));
    }

    #[test]
    fn an_empty_file_is_a_configuration_without_keys() {
        #[derive(Debug, PartialEq, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Settings {
            listen: Option<String>,
        }
        assert_eq!(read("", "f").as_ref(), Ok(&Settings::default()));
        assert_eq!(read("# nothing\n", "f").as_ref(), Ok(&Settings::default()));
    }
}
