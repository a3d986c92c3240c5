#!/usr/bin/env bash
# hl7 0.4.5 (Python), `escape` and `unescape` of text in HL7 version 2.
#
# Expected: HL7 v2 (2.7.6, hexadecimal data) writes bytes as \Xdd..\, two digits a byte, so a line
#           feed is \X0A\; and what `escape` wrote, `unescape` of the same library reads back.
# Actual:   a line feed becomes "\X a\", with a blank for the first digit. A character past 255 is
#           written as the digits of its code point and read back as bytes: another text, no error.
# Output seen:
#     'a\nb' escaped 'a\\X a\\b' back 'a\nb'
#     'na\u010ds' escaped 'na\\X10d\\s' back 'na\x10\rs'
#     '\u6f22' escaped '\\X6f22\\' back 'o"'
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet hl7==0.4.5
"$dir/venv/bin/python" - >"$dir/seen" <<'PY'
import hl7

message = hl7.parse("MSH|^~\\&|A|B|C|D|20240101||ORU^R01|1|P|2.5\r")
for text in ("a\nb", "na\u010ds", "\u6f22"):
    escaped = message.escape(text)
    print(ascii(text), "escaped", ascii(escaped), "back", ascii(message.unescape(escaped)))
PY
cat "$dir/seen"
diff "$dir/seen" - <<'SEEN'
'a\nb' escaped 'a\\X a\\b' back 'a\nb'
'na\u010ds' escaped 'na\\X10d\\s' back 'na\x10\rs'
'\u6f22' escaped '\\X6f22\\' back 'o"'
SEEN
