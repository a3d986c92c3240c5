#!/usr/bin/env bash
# fhirpathpy 2.2.4 (Python), `mod` with a negative dividend.
#
# Expected: FHIRPath (mod) is the remainder of the truncated division, as `div` is the truncated
#           quotient: -7 div 3 = -2 and -7 mod 3 = -1, so that (a div b) * b + (a mod b) = a.
#           fhirpath.js 5.2.2 gives -1.
# Actual:   `div` truncates and `mod` floors, so the two do not belong together.
# Output seen:
#     -7 div 3 = -2
#     -7 mod 3 = 2
#     (-7 div 3) * 3 + (-7 mod 3) = -4
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet fhirpathpy==2.2.4
"$dir/venv/bin/python" - >"$dir/seen" <<'PY'
from fhirpathpy import evaluate

for expression in ("-7 div 3", "-7 mod 3", "(-7 div 3) * 3 + (-7 mod 3)"):
    [value] = evaluate({"resourceType": "Patient"}, expression)
    print(expression, "=", value)
PY
cat "$dir/seen"
diff "$dir/seen" - <<'SEEN'
-7 div 3 = -2
-7 mod 3 = 2
(-7 div 3) * 3 + (-7 mod 3) = -4
SEEN
