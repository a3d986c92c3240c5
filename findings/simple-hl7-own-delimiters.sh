#!/usr/bin/env bash
# simple-hl7 3.3.0 (Node.js), a message whose MSH-2 declares other delimiters than `^~\&`.
#
# Expected: HL7 v2 (chapter 2, message delimiters): the values in the MSH segment "are the delimiter
#           values used throughout the entire message"; `^~\&` is only suggested. node-hl7-client
#           3.2.0 reads the name as two components, the identifier as two repetitions.
# Actual:   MSH-2 is not read, so what it declares separates nothing. `toString` writes `MSH|^~\&`
#           above a body that keeps the old delimiters, and the two no longer belong together: text
#           with a plain ^ becomes two components to the next reader. No error.
# Output seen:
#     node-hl7-client: PID-3 2 repetitions, PID-5.1 Roe
#     simple-hl7: PID-3 12%34, PID-5.1 Roe$Jo
#     written by simple-hl7
#     MSH|^~\&|A|B|C|D|20240101||ORU$R01$ORU_R01|1|P|2.5
#     PID|1||12%34||Roe$Jo
#     OBX|1|ST|8867-4$Pulse$LN||10^3
#     node-hl7-client then: OBX-5.1 10, OBX-5.2 3
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund simple-hl7@3.3.0 node-hl7-client@3.2.0 >/dev/null
cat >run.js <<'JS'
const { Parser } = require('simple-hl7');
const { Message } = require('node-hl7-client');
const text = [
  'MSH|$%?@|A|B|C|D|20240101||ORU$R01$ORU_R01|1|P|2.5',
  'PID|1||12%34||Roe$Jo',
  'OBX|1|ST|8867-4$Pulse$LN||10^3',
].join('\r');
const one = new Message({ text });
const two = new Parser().parse(text);
const pid = two.getSegment('PID');
const [identifiers, name] = [one.get('PID.3'), one.get('PID.5.1')];
console.log(`node-hl7-client: PID-3 ${identifiers.length} repetitions, PID-5.1 ${name}`);
console.log(`simple-hl7: PID-3 ${pid.getField(3)}, PID-5.1 ${pid.getComponent(5, 1)}`);
const written = two.toString();
console.log(`written by simple-hl7\n${written.split('\r').join('\n')}`);
const next = new Message({ text: written });
console.log(`node-hl7-client then: OBX-5.1 ${next.get('OBX.5.1')}, OBX-5.2 ${next.get('OBX.5.2')}`);
JS
node run.js | tee seen
diff seen - <<'SEEN'
node-hl7-client: PID-3 2 repetitions, PID-5.1 Roe
simple-hl7: PID-3 12%34, PID-5.1 Roe$Jo
written by simple-hl7
MSH|^~\&|A|B|C|D|20240101||ORU$R01$ORU_R01|1|P|2.5
PID|1||12%34||Roe$Jo
OBX|1|ST|8867-4$Pulse$LN||10^3
node-hl7-client then: OBX-5.1 10, OBX-5.2 3
SEEN
