#!/usr/bin/env bash
# fhirpathpy 2.2.4 (Python), `toDate()` of a string that names a year and a month.
#
# Expected: FHIRPath (toDate) converts a string of the form YYYY, YYYY-MM or YYYY-MM-DD to a date of
#           that precision: @2020-01. fhirpath.js gives 2020-01.
# Actual:   the missing day is taken from the clock of the machine, so the same expression over the
#           same resource gives another date tomorrow, and a time of day that the input lacks.
# Output seen on the 30th of a month:
#     2020-01-30T00:00:00
#     is the day of the run: True
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet fhirpathpy==2.2.4
"$dir/venv/bin/python" - <<'PY'
from datetime import date

from fhirpathpy import evaluate

[value] = evaluate({"resourceType": "Patient"}, "'2020-01'.toDate()")
text = value.isoformat() if hasattr(value, "isoformat") else str(value)
print(text)
of_today = text.startswith(f"2020-01-{date.today().day:02d}")
print("is the day of the run:", of_today)
assert of_today, "the behaviour changed"
PY
