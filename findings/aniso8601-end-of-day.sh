#!/usr/bin/env bash
# aniso8601 10.0.1 (Python), `parse_datetime` and `parse_interval` with the hour 24.
#
# Expected: ISO 8601:2000 (5.3.2, note 3): 24:00 ends a day, so "2400 on 1985
#           April 12 is the same as 0000 on 1985 April 13". ciso8601 2.4.1 reads it so.
# Actual:   accepted, and a day early: 00:00 of the same day. An interval over a whole day has no
#           length, and one from 20:00 to 24:00 ends before it starts. No error.
# Output seen:
#     1985-04-12T24:00:00 ciso8601 1985-04-13T00:00:00 aniso8601 1985-04-12T00:00:00
#     2024-12-31T24:00:00 ciso8601 2025-01-01T00:00:00 aniso8601 2024-12-31T00:00:00
#     1985-04-12T00:00/1985-04-12T24:00 hours 0.0
#     1985-04-12T20:00/1985-04-12T24:00 hours -20.0
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet aniso8601==10.0.1 ciso8601==2.4.1
"$dir/venv/bin/python" - >"$dir/seen" <<'PY'
import aniso8601
import ciso8601

for text in ("1985-04-12T24:00:00", "2024-12-31T24:00:00"):
    other, seen = ciso8601.parse_datetime(text), aniso8601.parse_datetime(text)
    print(text, "ciso8601", other.isoformat(), "aniso8601", seen.isoformat())
for text in ("1985-04-12T00:00/1985-04-12T24:00", "1985-04-12T20:00/1985-04-12T24:00"):
    start, end = aniso8601.parse_interval(text)
    print(text, "hours", (end - start).total_seconds() / 3600)
PY
cat "$dir/seen"
diff "$dir/seen" - <<'SEEN'
1985-04-12T24:00:00 ciso8601 1985-04-13T00:00:00 aniso8601 1985-04-12T00:00:00
2024-12-31T24:00:00 ciso8601 2025-01-01T00:00:00 aniso8601 2024-12-31T00:00:00
1985-04-12T00:00/1985-04-12T24:00 hours 0.0
1985-04-12T20:00/1985-04-12T24:00 hours -20.0
SEEN
