#!/usr/bin/env bash
# dcmjs 0.51.1 (Node.js), reading a Part 10 file in explicit VR little endian; the file is written by
# pydicom 3.0.2.
#
# Expected: SV (signed 64-bit very long) and UV (unsigned) were added to DICOM together (PS3.5,
#           table 6.2-1), so both are read as integers.
# Actual:   UV gives exact BigInts. SV is "Invalid vr type SV - using UN": raw bytes, and `write`
#           stores the element with VR UN.
# Output seen:
#     UV 18446744073709551615
#     UN ArrayBuffer
#     written again as UN
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet pydicom==3.0.2
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund dcmjs@0.51.1 >/dev/null
venv/bin/python - <<'PY'
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

ds = Dataset()
ds.file_meta = FileMetaDataset()
ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3"
ds.add_new(0x00720082, "SV", [-5])                # Selector SV Value
ds.add_new(0x00720083, "UV", [2**64 - 1])         # Selector UV Value
pydicom.dcmwrite("in.dcm", ds, enforce_file_format=True)
PY
cat >run.js <<'JS'
const fs = require('fs');
const dcmjs = require('dcmjs');
const { DicomMessage } = dcmjs.data;
const bytes = fs.readFileSync('in.dcm');
const file = DicomMessage.readFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const { '00720082': signed, '00720083': unsigned } = file.dict;
process.stdout.write(`${unsigned.vr} ${unsigned.Value[0]}\n`);
process.stdout.write(`${signed.vr} ${signed.Value[0].constructor.name}\n`);
const out = Buffer.from(file.write());
const at = out.indexOf(Buffer.from([0x72, 0, 0x82, 0]));
process.stdout.write(`written again as ${out.toString('latin1', at + 4, at + 6)}\n`);
JS
node run.js 2>/dev/null | grep -v 'Invalid vr type' | tee seen
diff seen - <<'SEEN'
UV 18446744073709551615
UN ArrayBuffer
written again as UN
SEEN
