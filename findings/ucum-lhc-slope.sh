#!/usr/bin/env bash
# @lhncbc/ucum-lhc 7.1.10 (Node.js), percent of slope.
#
# Expected: UCUM defines %[slope] by the function tanTimes100 over `deg`: 45 deg is a slope of
#           100 %, whichever unit of angle it is given in, and back.
# Actual:   the tangent is taken of the number of degrees as if it were radians, and the status is
#           "succeeded".
# Output seen:
#     45 deg = 161.98 %[slope], succeeded
#     100 %[slope] = 0.79 deg, succeeded
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @lhncbc/ucum-lhc@7.1.10
node - >seen <<'JS'
const { UcumLhcUtils } = require("@lhncbc/ucum-lhc");
const ucum = UcumLhcUtils.getInstance();
for (const [value, from, to] of [[45, "deg", "%[slope]"], [100, "%[slope]", "deg"]]) {
  const result = ucum.convertUnitTo(from, value, to);
  console.log(`${value} ${from} = ${result.toVal.toFixed(2)} ${to}, ${result.status}`);
}
JS
cat seen
diff seen - <<'SEEN'
45 deg = 161.98 %[slope], succeeded
100 %[slope] = 0.79 deg, succeeded
SEEN
