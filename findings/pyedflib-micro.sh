#!/usr/bin/env bash
# pyEDFlib 0.1.42 (Python), a header field with a character that EDF does not have.
#
# Expected: EDF headers are ASCII, so the unit "µV" is refused or written as EDF asks ("uV").
# Actual:   the UTF-8 bytes are transliterated one by one, and the unit of the signal becomes
#           "AuV" without an error. (A patient's name of such letters at least warns.)
# Output seen:
#     unit 'AuV'
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet pyEDFlib==0.1.42
cd "$dir"
"$dir/venv/bin/python" -W error - >seen <<'PY'
import numpy
import pyedflib

with pyedflib.EdfWriter("a.edf", 1, file_type=pyedflib.FILETYPE_EDFPLUS) as writer:
    writer.setSignalHeaders([pyedflib.highlevel.make_signal_header(
        "EEG Fp1", dimension="\u00b5V", sample_frequency=100)])
    writer.writeSamples([numpy.zeros(100)])
with pyedflib.EdfReader("a.edf") as reader:
    print("unit", ascii(reader.getPhysicalDimension(0)))
PY
cat seen
diff seen - <<'SEEN'
unit 'AuV'
SEEN
