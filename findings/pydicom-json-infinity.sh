#!/usr/bin/env bash
# pydicom 3.0.2 (Python), `Dataset.to_json` of a floating point element that is not finite.
#
# Expected: DICOM's FD and FL hold any IEEE 754 value. JSON has no number for infinity or NaN
#           (RFC 8259, section 6), so the element is refused or written as a string.
# Actual:   the text holds the bare words Infinity and NaN and is not JSON. Python reads it back;
#           other parsers refuse the whole dataset.
# Output seen:
#     {"00189087": {"Value": [Infinity, NaN], "vr": "FD"}}
#     pydicom reads back: [inf, nan]
#     JSON.parse: SyntaxError
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pydicom==3.0.2
"$dir/venv/bin/python" - "$dir/dataset.json" >"$dir/seen" <<'PY'
import sys

from pydicom.dataset import Dataset

dataset = Dataset()
dataset.add_new("DiffusionBValue", "FD", [float("inf"), float("nan")])
text = dataset.to_json()
print(text)
print("pydicom reads back:", list(Dataset.from_json(text).DiffusionBValue))
open(sys.argv[1], "w").write(text)
PY
node - "$dir/dataset.json" >>"$dir/seen" <<'JS'
try {
  JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
  console.log("JSON.parse: read");
} catch (error) {
  console.log(`JSON.parse: ${error.name}`);
}
JS
cat "$dir/seen"
diff "$dir/seen" - <<'SEEN'
{"00189087": {"Value": [Infinity, NaN], "vr": "FD"}}
pydicom reads back: [inf, nan]
JSON.parse: SyntaxError
SEEN
