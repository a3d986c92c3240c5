#!/usr/bin/env bash
# @lhncbc/ucum-lhc 7.1.10 (Node.js), the prism dioptre of ophthalmology.
#
# Expected: [p'diop] is a unit of UCUM with a function (100 times the tangent) of an angle, so a
#           value converts to itself, and a prism of 100 to 45 deg.
# Actual:   the unit is valid, but no conversion from it works, not even to itself; the message is
#           that of a TypeError inside the library.
# Output seen:
#     validate: valid
#     [p'diop] to [p'diop]: failed, Cannot read properties of undefined (reading 'cnvFrom')
#     [p'diop] to deg: failed, Cannot read properties of undefined (reading 'cnvFrom')
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @lhncbc/ucum-lhc@7.1.10
node - >seen <<'JS'
const { UcumLhcUtils } = require("@lhncbc/ucum-lhc");
const ucum = UcumLhcUtils.getInstance();
const prism = "[p'diop]";
console.log(`validate: ${ucum.validateUnitString(prism).status}`);
for (const to of [prism, "deg"]) {
  const result = ucum.convertUnitTo(prism, 100, to);
  console.log(`${prism} to ${to}: ${result.status}, ${result.msg.join("; ")}`);
}
JS
cat seen
diff seen - <<'SEEN'
validate: valid
[p'diop] to [p'diop]: failed, Cannot read properties of undefined (reading 'cnvFrom')
[p'diop] to deg: failed, Cannot read properties of undefined (reading 'cnvFrom')
SEEN
