#!/usr/bin/env bash
# wfdb 4.3.1 (Python), the sampling frequency in the record line of a header file.
#
# Expected: the WFDB format, header(5): the frequency is in any form that scanf reads as a floating
#           point number, "thus `360', `360.', `360.0', and `3.6e2' are all legal and equivalent".
# Actual:   reading stops at the exponent, without an error: 3.6e2 is 3.6 Hz, and the number of
#           samples, the base time and the base date that follow are lost. In the signal line, the
#           gain may have an exponent.
# Output seen:
#     360 -> 360 Hz, 720 samples named, base 13:05:00 1989-04-25, gain 200.0, lasts 2.0 s
#     360. -> 360 Hz, 720 samples named, base 13:05:00 1989-04-25, gain 200.0, lasts 2.0 s
#     360.0 -> 360 Hz, 720 samples named, base 13:05:00 1989-04-25, gain 200.0, lasts 2.0 s
#     3.6e2 -> 3.6 Hz, None samples named, base None None, gain 200.0, lasts 200.0 s
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet wfdb==4.3.1
venv/bin/python - >seen <<'PY'
import wfdb

with open("ecg.dat", "wb") as samples:
    samples.write(bytes(2 * 720))
for frequency in ("360", "360.", "360.0", "3.6e2"):
    with open("ecg.hea", "w") as header:
        header.write(f"ecg 1 {frequency} 720 13:05:00 25/4/1989\necg.dat 16 2e2/mV 12 0 0 0 0 II\n")
    named = wfdb.rdheader("ecg")
    record = wfdb.rdrecord("ecg")
    print(
        f"{frequency} -> {record.fs} Hz, {named.sig_len} samples named, base {named.base_time}"
        f" {named.base_date}, gain {named.adc_gain[0]}, lasts {len(record.p_signal) / record.fs:.1f} s"
    )
PY
cat seen
diff seen - <<'SEEN'
360 -> 360 Hz, 720 samples named, base 13:05:00 1989-04-25, gain 200.0, lasts 2.0 s
360. -> 360 Hz, 720 samples named, base 13:05:00 1989-04-25, gain 200.0, lasts 2.0 s
360.0 -> 360 Hz, 720 samples named, base 13:05:00 1989-04-25, gain 200.0, lasts 2.0 s
3.6e2 -> 3.6 Hz, None samples named, base None None, gain 200.0, lasts 200.0 s
SEEN
