#!/usr/bin/env bash
# fhir 4.12.0 (Node.js), `objToXml` followed by `xmlToObj`.
#
# Expected: a decimal of the JSON form is a JSON number again. FHIR (JSON representation) writes
#           integers, booleans and decimals as JSON numbers and booleans.
# Actual:   integers and booleans come back as such, decimals as strings: 1.5 becomes "1.5". A
#           strict FHIR reader refuses the result.
# Output seen:
#     valueInteger: number 0
#     valueBoolean: boolean false
#     valueQuantity.value: string 1.5
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund fhir@4.12.0 >/dev/null
cat >run.js <<'JS'
const { Fhir } = require('fhir');
const fhir = new Fhir();
const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'potassium' },
  component: [
    { code: { text: 'count' }, valueInteger: 0 },
    { code: { text: 'haemolysed' }, valueBoolean: false },
    { code: { text: 'level' }, valueQuantity: { value: 1.5, unit: 'mmol/L' } },
  ],
};
const [count, flag, level] = fhir.xmlToObj(fhir.objToXml(observation)).component;
const show = (name, value) => console.log(`${name}: ${typeof value} ${value}`);
show('valueInteger', count.valueInteger);
show('valueBoolean', flag.valueBoolean);
show('valueQuantity.value', level.valueQuantity.value);
JS
node run.js | tee seen
diff seen - <<'SEEN'
valueInteger: number 0
valueBoolean: boolean false
valueQuantity.value: string 1.5
SEEN
