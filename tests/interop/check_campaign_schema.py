#!/usr/bin/env python3
"""The JSON Schema of a campaign, read by somebody else's validator: it takes what we take, and refuses the obvious slips."""

import json
import pathlib
import sys

import yaml
from jsonschema import Draft202012Validator

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schemas/campaign.schema.json").read_text())
RELEASE = {"model": "sensor_v2", "version": "2.0.0"}


def campaign(**keys):
    return {"id": "spring", "release": RELEASE, **keys}


PHASE = {"name": "all", "percentage": 100, "duration_hours": 1}
GOOD = [
    campaign(),
    {"id": "spring", "releases": [RELEASE]},
    campaign(phases=PHASE, success_threshold=99.5, max_rollout_days="36h"),
    campaign(defaults={"rollout_strategy": "progressive", "initial_percentage": 1, "rollout_interval_hours": "30m"}),
    campaign(groups={"name": "a", "criteria": {"tags": "test", "attributes": {"site": ["n", "s"]}, "not": {"region": "eu"}}}),
    campaign(groups=[{"name": "a", "rollout_order": 2, "criteria": "*"}], group_order="sequential", membership="dynamic"),
    campaign(rollout_strategy="ab_test", ab_testing={"other": "none", "metrics": "boot_time"}),
    campaign(ab_testing={"enabled": True, "other": RELEASE, "metrics": ["success_rate", "battery_drain"]}),
    campaign(rates={"executions_per_minute": {"base": 5, "factor": 1.5, "every_succeeded": 10, "maximum": 99}}),
    campaign(rates={"executions_per_minute": 50}, gates={"strata": "attribute:site", "sprt": {"bad_failure": 10}}),
]
BAD = {
    "no id": {"release": RELEASE},
    "no release": {"id": "spring"},
    "both names of the releases": campaign(releases=[RELEASE]),
    "a release without a version": {"id": "spring", "release": {"model": "m"}},
    "an id with a blank": {"id": "spring 2026", "release": RELEASE},
    "an unknown key": campaign(failure_treshold=5),
    "an unknown key deep inside": campaign(failure_handling={"retries": 1}),
    "an unknown strategy": campaign(rollout_strategy="all"),
    "more than all": campaign(failure_threshold=101),
    "less than none": campaign(failure_threshold=-1),
    "a threshold of nothing": campaign(failure_threshold=None),
    "a duration in weeks": campaign(max_rollout_days="2w"),
    "two years": campaign(max_rollout_days=730),
    "no phases": campaign(phases=[]),
    "a phase without a percentage": campaign(phases=[{"name": "a", "duration_hours": 1}]),
    "a word for a boolean": campaign(phases={**PHASE, "wait_for_success": "no"}),
    "an empty list of regions": campaign(groups={"name": "a", "criteria": {"region": []}}),
    "criteria that are no keys": campaign(groups={"name": "a", "criteria": "everything"}),
    "an unknown metric": campaign(ab_testing={"other": "none", "metrics": ["mood"]}),
    "a pace of words": campaign(rates={"executions_per_minute": "fast"}),
}


def vector(path):
    """The JSON of a golden vector, which stands behind `== json ==`."""
    text = path.read_text().split("== json ==\n", 1)[1]
    return json.loads(text.split("\n== ", 1)[0])


def main():
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    wrong = []

    def look(name, document, is_good):
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
        if is_good and errors:
            wrong.append(f"{name} is refused: {errors}")
        if not is_good and not errors:
            wrong.append(f"{name} is taken")

    look("the example", yaml.safe_load((ROOT / "deploy/examples/campaign.yaml").read_text()), True)
    vectors = sorted((ROOT / "schemas/tests/vectors").glob("campaign-*.txt"))
    for path in vectors:
        look(path.name, vector(path), True)
    for document in GOOD:
        look(json.dumps(document), document, True)
    for name, document in BAD.items():
        look(name, document, False)
    if wrong or not vectors:
        sys.exit("\n".join(wrong) or "there are no vectors")
    print(f"{1 + len(vectors) + len(GOOD)} campaigns taken, {len(BAD)} refused")


if __name__ == "__main__":
    main()
