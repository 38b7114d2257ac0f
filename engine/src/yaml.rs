//! Files that people write: campaigns and the configuration, in YAML, of which JSON is a part.
//!
//! A slip is refused where it stands, with the name that was probably meant. Nothing is guessed at and nothing unknown is
//! passed over: a misspelt threshold that silently became its default would be found by the fleet.

mod place;

use std::fmt;

use fleetfold_schemas::{campaign::SpecError, slip};
use serde::{Serialize, de::DeserializeOwned};
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

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        // A key that stands twice is a slip, and so is a merge that hides one.
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        // Only true and false: `no` may be a country.
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Reads one document. `file_name` is what its errors begin with.
pub fn read<T: DeserializeOwned>(text: &str, file_name: &str) -> Result<T, YamlError> {
    let mut way = None;
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options(), |document| {
        serde_path_to_error::deserialize(document).map_err(|error| {
            way = Some(error.path().to_string()).filter(|way| way != ".");
            error.into_inner()
        })
    });
    read.map_err(|error| YamlError {
        file: file_name.to_owned(),
        place: place(&error),
        problem: describe(error.without_snippet(), way.as_deref()),
    })
}

/// What is well-formed and cannot be carried out, where it stands. `under` is the key that the description is the value of.
pub fn refused(text: &str, file_name: &str, under: Option<&str>, error: &SpecError) -> YamlError {
    let way = match under {
        Some(under) => format!("{under}.{}", error.key),
        None => error.key.clone(),
    };
    YamlError {
        file: file_name.to_owned(),
        place: place::of(text, options(), &way),
        problem: error.to_string(),
    }
}

/// The same as [`read`] reads.
pub fn write<T: Serialize>(value: &T) -> Result<String, serde_saphyr::SerializeError> {
    serde_saphyr::to_string(value)
}

/// Line and column, from 1.
fn place(error: &Error) -> Option<(u64, u64)> {
    let place = error.location()?;
    Some((place.line(), place.column())).filter(|(line, _)| *line > 0)
}

fn describe(error: &Error, way: Option<&str>) -> String {
    let of_key = way.map_or(String::new(), |way| format!("{way}: "));
    match error {
        // The key stands at the place itself.
        Error::SerdeUnknownField {
            field, expected, ..
        } => slip::unknown("key", field, expected),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => format!("{of_key}{}", slip::unknown("value", variant, expected)),
        Error::SerdeMissingField { field, .. } => {
            format!("{of_key}the key '{field}' is missing")
        }
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
        } => format!(
            "{of_key}expected {}, found {unexpected}",
            slip::expected(expected)
        ),
        Error::Message { msg, .. } => format!("{of_key}{msg}"),
        Error::MultipleDocuments { .. } => "a second document begins here".to_owned(),
        Error::AliasError { error, .. } => describe(error, way),
        other => {
            let place_is_known = serde_saphyr::DefaultMessageFormatter;
            let text = serde_saphyr::MessageFormatter::format_message(&place_is_known, other);
            format!("{of_key}{text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use fleetfold_schemas::campaign::{BasisPoints, CampaignDefaults, CampaignDraft, Hours};

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
        read::<CampaignDraft>(text, "c.yaml")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_campaign_is_the_same_in_yaml_and_in_json() {
        let draft: CampaignDraft = read(GOOD, "c.yaml").unwrap();
        let spec = draft.resolve(&CampaignDefaults::default()).unwrap();
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
        let again: CampaignDraft = read(&json, "c.json").unwrap();
        assert_eq!(again.resolve(&CampaignDefaults::default()).unwrap(), spec);
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
            "c.yaml:8:5: phases[0].percentage: expected a percentage from 0 to 100 with at most two decimals, found integer `150`"
        );
        let slip = GOOD.replacen("30m", "30x", 1);
        assert!(
            error(&slip)
                .starts_with("c.yaml:9:5: phases[0].duration_hours: expected a whole number"),
            "{}",
            error(&slip)
        );
        let slip = GOOD.replacen("sensor-a", "sensor a", 1);
        assert!(
            error(&slip).starts_with("c.yaml:4:10: release.model: a model id consists of"),
            "{}",
            error(&slip)
        );
        let slip = GOOD.replacen("wait_for_success: false", "wait_for_success: no", 1);
        assert!(error(&slip).starts_with("c.yaml:10:"), "{}", error(&slip));
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused_where_it_stands() {
        let error = |text: &str| {
            let draft: CampaignDraft = read(text, "c.yaml").unwrap();
            let error = draft.resolve(&CampaignDefaults::default()).unwrap_err();
            refused(text, "c.yaml", None, &error).to_string()
        };
        let slip = GOOD.replacen("percentage: 100", "percentage: 0.5", 1);
        assert_eq!(
            error(&slip),
            "c.yaml:10:30: phases[1].percentage: 0.5 % is not above the phase before it; percentages are cumulative and \
             rise from phase to phase, up to 100"
        );
        // A key that does not stand there: the place is that of what should have it.
        let slip = format!("{GOOD}rollout_strategy: ab\n").replacen(
            "phases:",
            "failure_handling: {}\nphases:",
            1,
        );
        assert!(error(&slip).starts_with("c.yaml:"), "{}", error(&slip));
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
