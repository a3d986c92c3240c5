#!/usr/bin/env python3
"""Computes the test vectors of medshare-abe again, with none of its code.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python check.py abe-v0.json

with Python 3.10 or later. .ci/vectors runs both commands, in half a minute.

It computes parameters, keys and headers; the results of decapsulation, accepted and rejected; and
the hashes of payloads, access headers and wrapped keys, as docs/spec/abe/ defines them. The scheme
itself is in scheme.py. BLAKE3, ChaCha20-Poly1305 and Argon2id are not in hashlib and are left to the
tests of the crate, as is the parsing of policy texts.
"""

import json
import math
import sys
import time
from collections import Counter

from py_ecc.optimized_bls12_381 import G1, G2, multiply

from scheme import (
    BASE,
    H,
    XOF,
    Key,
    Name,
    Parameters,
    Policy,
    decapsulate,
    decode_scalar,
    encapsulate,
    encode_g1,
    encode_gt,
    encode_scalar,
    gt_product,
    hash_to_curve,
    read_header,
    xor,
)

compared = Counter()


def same(what, found, expected):
    if isinstance(found, bytes):
        found = found.hex()
    if found != expected:
        sys.exit(f"{what}: {found} where the vectors have {expected}")
    compared[what] += 1


def check_element(element, vector):
    """Against the element as the vectors describe it."""
    if isinstance(element, Name):
        described = {"name": element.name}
    else:
        described = {"prefix": {**vars(element), "id": element.id.hex()}}
    same("element", described, vector["element"])
    same("H(u)", encode_g1(hash_to_curve(element.hash_input())), vector["point"])


def check_header(parameters, e, alpha, vector):
    aad, m = bytes.fromhex(vector["aad"]), bytes.fromhex(vector["m"])
    policy = Policy(bytes.fromhex(vector["policy_bytes"]), vector["sealed_on"])
    coins = policy.coins(parameters, aad, m)
    same("s", encode_scalar(coins.s), vector["coins"]["s"])
    repeats = [encode_scalar(repeat).hex() for repeat in coins.repeats]
    same("s'", repeats, vector["coins"]["repeats"])
    ours = zip(policy.elements, policy.rho, coins.shares, strict=True)
    for (element, rho, value), row in zip(ours, vector["rows"], strict=True):
        check_element(element, row)
        same("ρ", rho, row["occurrence"])
        same("λ", encode_scalar(value), row["share"])
    same("s·E", encode_gt(e**coins.s), vector["masking"])

    header, secret = encapsulate(parameters, e, policy, aad, m)
    same("header", header, vector["header"])
    same("H(hdr)", H("medshare/abe/header/v1", header), vector["header_digest"])
    same("K", secret, vector["secret"])

    held = vector["key"]
    key, sigma = Key.read(bytes.fromhex(held["bytes"])), bytes.fromhex(held["sigma"])
    r = decode_scalar(bytes.fromhex(held["r"]))
    same("key", key.is_issued_with(alpha, r), True)
    read, accepted, selected = decapsulate(parameters, header, key, sigma, aad)
    same("K read with a key", (read.hex(), accepted), (vector["secret"], True))
    terms = [
        {"row": row, "coefficient": encode_scalar(gamma).hex()}
        for row, gamma in selected
    ]
    same("rows read", terms, vector["selected"])
    for rejected in vector["rejected"]:
        changed = bytearray(header)
        changed[rejected["place"]] = rejected["byte"]
        read, accepted, _ = decapsulate(parameters, bytes(changed), key, sigma, aad)
        same("K rejected", (read.hex(), accepted), (rejected["secret"], False))


def check_payload(vector):
    """Section 5, but for BLAKE3 and the AEAD."""
    data_key, preamble = (
        bytes.fromhex(vector[name]) for name in ("data_key", "preamble")
    )
    start = H("medshare/abe/preamble-start/v1", preamble[:-32])
    k_pay_and_com = XOF(64, "medshare/abe/payload/v1", data_key, start)
    same("com", k_pay_and_com[32:], preamble[-32:].hex())
    digest = H("medshare/abe/preamble/v1", preamble)
    same("H(P)", digest, vector["preamble_digest"])
    length = vector["length"]
    if preamble[-33]:
        length = padme(max(length + 8, 1024))
    same("padded length", length, vector["padded_length"])


def padme(n):
    exponent = math.floor(math.log2(n))
    significant = math.floor(math.log2(exponent)) + 1
    unit = 1 << (exponent - significant)
    return (n + unit - 1) // unit * unit


def wrap(data_key, binding, factors):
    """W of docs/spec/abe/wrapping.md."""
    listed = b"".join(
        bytes([id]) + (32).to_bytes(8, "little") + factor for id, factor in factors
    )
    kek = XOF(32, "medshare/abe/kek/v1", binding, listed)
    return xor(data_key, XOF(32, "medshare/abe/wrap/v1", kek))


def check_access(parameters, e, vector, data_key):
    """Section 6, but for the descriptor's AEAD."""
    field = lambda name: bytes.fromhex(vector[name])
    policy = read_header(field("header"))[0]
    context = field("context_digest")
    header, k_abe = encapsulate(parameters, e, policy, context, field("m"))
    same("header", header, vector["header"])
    same("K", k_abe, vector["secret"])
    label_digest = H("medshare/types/gate-label/v1", field("label"))
    same("H(L)", label_digest, vector["label_digest"])

    w = wrap(data_key, label_digest, [(1, k_abe), (2, field("gate"))])
    same("W", w, vector["wrapped"])
    access_header = b"mACC\x00\x01" + header[6:] + field("label")[6:] + w
    same("X", access_header, vector["access_header"])
    digest = H("medshare/abe/access-header/v1", access_header)
    same("H(X)", digest, vector["access_header_digest"])


def check_wrapped_key(parameters, e, vector, data_key, preamble_digest):
    """Section 6, alone."""
    field = lambda name: bytes.fromhex(vector[name])
    context = H(
        "medshare/abe/wrapped-key-context/v1",
        field("context"),
        bytes([1 | 8]),
        preamble_digest,
    )
    same("ctx", context, vector["context_digest"])
    policy = read_header(b"mABE" + field("bytes")[4:-33])[0]
    header, k_abe = encapsulate(parameters, e, policy, context, field("m"))
    same("K", k_abe, vector["secret"])
    header_digest = H("medshare/abe/header/v1", header)
    binding = H("medshare/abe/wrapped-key-binding/v1", context, header_digest)
    same("binding", binding, vector["binding_digest"])
    w = wrap(data_key, binding, [(1, k_abe), (8, field("factor"))])
    made = b"mWRP\x00\x01" + header[6:] + bytes([1 | 8]) + w
    same("wrapped key", made, vector["bytes"])
    same("its name", H("medshare/abe/wrapped-key/v1", made), vector["digest"])


def main(path):
    begun = time.monotonic()
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    generator = gt_product([(G1, G2)])
    same("e(g1, g2)", encode_gt(generator), vectors["pairing"])
    same("B", encode_g1(BASE), vectors["base"])
    # Set-up: α·g1 is the master key, E = α·e(g1, g2) the parameters.
    authority = vectors["authority"]
    alpha = decode_scalar(bytes.fromhex(authority["alpha"]))
    master = b"mMSK\x00\x01" + encode_g1(multiply(G1, alpha))
    same("master key", master, authority["master_key"])
    e = generator**alpha
    parameters = Parameters(b"mPUB\x00\x01" + encode_gt(e))
    same("parameters", parameters.encoded, authority["parameters"])
    same("H(pp)", parameters.digest(), authority["parameters_digest"])
    for header in vectors["headers"]:
        check_header(parameters, e, alpha, header)
        print(f"ok  {header['name']}: {header['policy']}")
    for payload in vectors["payloads"]:
        check_payload(payload)
    first = vectors["payloads"][0]
    data_key = bytes.fromhex(first["data_key"])
    check_access(parameters, e, vectors["access"], data_key)
    preamble_digest = bytes.fromhex(first["preamble_digest"])
    check_wrapped_key(parameters, e, vectors["wrapped_key"], data_key, preamble_digest)
    counts = ", ".join(f"{count} × {what}" for what, count in compared.items())
    print(f"the same: {counts}; {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("which file?")
    main(sys.argv[1])
