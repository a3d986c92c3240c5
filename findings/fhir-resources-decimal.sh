#!/usr/bin/env bash
# fhir.resources 8.3.0 (Python), JSON read by `model_validate_json` and written by `model_dump_json`.
#
# Expected: the decimal comes back as it was written. FHIR (datatypes, decimal) says that the
#           precision of a decimal is significant and must be kept: 1.00 is another value than 1.0.
# Actual:   the decimal passes through a double: 1.00 becomes 1.0, and digits past the 17th are gone.
#           A digest or a signature over a resource does not survive reading and writing it.
# Output seen:
#     1.00 -> 1.0
#     0.10 -> 0.1
#     100000000000000000000.5 -> 100000000000000000000
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet fhir.resources==8.3.0
"$dir/venv/bin/python" - >"$dir/seen" <<'PY'
import re

from fhir.resources.observation import Observation

for value in ("1.00", "0.10", "100000000000000000000.5"):
    text = (
        '{"resourceType":"Observation","status":"final","code":{"text":"potassium"},'
        '"valueQuantity":{"value":%s,"unit":"mmol/L"}}' % value
    )
    written = Observation.model_validate_json(text).model_dump_json()
    print(value, "->", re.search(r'"value":([^,}]+)', written).group(1))
PY
cat "$dir/seen"
diff "$dir/seen" - <<'SEEN'
1.00 -> 1.0
0.10 -> 0.1
100000000000000000000.5 -> 100000000000000000000
SEEN
