"""Attribute-based encapsulation as docs/spec/abe/ defines it: each step names its chapter.

The curve is py_ecc's, the hashes are hashlib's. Written for reading: it is slow, its time depends on
secrets, and what it reads has been checked by others (points are not checked for their subgroup,
policies not for their canonical form).
"""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass

from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import (
    compress_G1,
    compress_G2,
    decompress_G1,
    decompress_G2,
)
from py_ecc.optimized_bls12_381 import (
    FQ12,
    G1,
    G2,
    Z1,
    add,
    curve_order,
    field_modulus,
    final_exponentiate,
    multiply,
    neg,
    pairing,
)

# ---- Hashes: introduction of the specification ----


def framed(tag, *fields):
    """u64le(len(tag)) ‖ tag ‖ Σ (u64le(len(field)) ‖ field)"""
    parts = (tag.encode(), *fields)
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def H(tag, *fields):
    return hashlib.sha3_256(framed(tag, *fields)).digest()


def XOF(length, tag, *fields):
    return hashlib.shake_256(framed(tag, *fields)).digest(length)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


# ---- Encodings: docs/spec/curve.md, sections 1 and 5 ----


def encode_g1(point):
    return compress_G1(point).to_bytes(48, "big")


def encode_g2(point):
    x1, x0 = compress_G2(point)
    return x1.to_bytes(48, "big") + x0.to_bytes(48, "big")


def decode_g1(data):
    return decompress_G1(int.from_bytes(data, "big"))


def decode_g2(data):
    return decompress_G2(
        (int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big"))
    )


def encode_gt(value):
    """The tower: F_p2 = F_p(u), u² = −1; F_p6 = F_p2(v), v³ = 1 + u; F_p12 = F_p6(w), w² = v.

    In py_ecc an element is a polynomial in w modulo w¹² − 2w⁶ + 2, so that u = w⁶ − 1: what stands
    at w^n and w^(n+6) is c0 − c1 and c1 of the coefficient c0 + c1·u of w^n.
    """
    coefficients = [int(coefficient) for coefficient in value.coeffs]
    out = b""
    for w in (0, 1):
        for v in (0, 1, 2):
            n = 2 * v + w
            c1 = coefficients[n + 6]
            c0 = (coefficients[n] + c1) % field_modulus
            out += c0.to_bytes(48, "big") + c1.to_bytes(48, "big")
    return out


def encode_scalar(scalar):
    return (scalar % curve_order).to_bytes(32, "little")


def decode_scalar(data):
    return int.from_bytes(data, "little")


def gt_product(pairs):
    """Π e(P, Q). arkworks' pairing is py_ecc's to the power −3: its final exponentiation has a factor
    3, and py_ecc does not invert for the negative curve parameter."""
    value = FQ12.one()
    for p, q in pairs:
        value *= pairing(q, p, final_exponentiate=False)
    return final_exponentiate(value) ** (curve_order - 3)


# ---- Attributes: attributes.md ----

DST = b"MEDSHARE-ABE-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"
WIDTH = {"integer": 32, "date": 16, "enumeration": 16}


def hash_to_curve(message):
    return hash_to_G1(message, DST, hashlib.sha256)


@dataclass(frozen=True)
class Name:
    name: str

    def hash_input(self):
        return framed("medshare/abe/attribute-name/v1", self.name.encode())


@dataclass(frozen=True)
class Prefix:
    """The first `depth` bits of a value."""

    space: str
    label: str
    kind: str
    id: bytes
    depth: int
    bits: int

    def hash_input(self):
        return framed(
            "medshare/abe/attribute-prefix/v1",
            self.space.encode(),
            self.label.encode(),
            self.kind.encode(),
            self.id,
            bytes([self.depth]),
            self.bits.to_bytes(4, "little"),
        )


def prefix_of(value, width, depth):
    return value >> (width - depth)


def cover(first, last, width):
    """The fewest (depth, bits) in front of exactly `first` to `last`, ascending: a block that lies
    within the range is taken, one that crosses its border is halved."""

    def visit(depth, bits):
        size = 1 << (width - depth)
        low, high = bits * size, (bits + 1) * size - 1
        if first <= low and high <= last:
            return [(depth, bits)]
        if high < first or last < low:
            return []
        return visit(depth + 1, 2 * bits) + visit(depth + 1, 2 * bits + 1)

    return visit(0, 0)


BASE = hash_to_curve(framed("medshare/abe/base/v1"))

# ---- Policies: policies.md ----


@dataclass
class Leaf:
    """Each of its elements alone meets it."""

    elements: list


@dataclass
class Gate:
    """So many of its operands; `kind` is and, or, threshold."""

    kind: str
    needed: int
    operands: list


class Reader:
    """Little-endian numbers and strings, to the last byte."""

    def __init__(self, data):
        self.data = data

    def take(self, count):
        assert count <= len(self.data), "input ends too early"
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def name(self):
        return self.take(self.number(2)).decode()

    def envelope(self, kind):
        assert self.take(6) == kind + b"\x00\x01", "another type, version or suite"

    def end(self):
        assert not self.data, "bytes left over"


def read_policy(reader):
    kind = reader.number(1)
    if kind == 0:
        return Leaf([Name(reader.name())])
    if kind in (1, 2, 3):
        count = reader.number(2)
        needed = {1: count, 2: 1}.get(kind) or reader.number(2)
        operands = [read_policy(reader) for _ in range(count)]
        return Gate({1: "and", 2: "or", 3: "threshold"}[kind], needed, operands)
    label = reader.name()
    if kind in (4, 5):
        name, size = {4: ("integer", 4), 5: ("date", 2)}[kind]
        first, last = reader.number(size), reader.number(size)
        prefixes, identifier = cover(first, last, WIDTH[name]), b""
    else:
        assert kind in (6, 7), "unknown node"
        name, identifier, number = "enumeration", reader.take(32), reader.number(2)
        reader.name()
        if kind == 6:
            prefixes = [(16, number)]
        else:
            prefixes = [(d, prefix_of(number, 16, d) ^ 1) for d in range(1, 17)]
    return Leaf(
        [Prefix("policy", label, name, identifier, d, bits) for d, bits in prefixes]
    )


def with_date(policy, date):
    """The policy and, if there is a date, one of the date's prefixes."""
    if date is None:
        return policy
    path = [(d, prefix_of(date, 16, d)) for d in range(17)]
    day = Leaf([Prefix("validity", "", "date", b"", d, bits) for d, bits in path])
    return Gate("and", 2, [policy, day])


def elements_of(node):
    """π(i), row by row."""
    if isinstance(node, Leaf):
        return node.elements
    return [element for operand in node.operands for element in elements_of(operand)]


def occurrences_of(elements):
    """ρ(i): how many rows before have the same hash input."""
    seen, rho = Counter(), []
    for element in elements:
        rho.append(seen[element.hash_input()])
        seen[element.hash_input()] += 1
    return rho


def scale(gate):
    """Δ."""
    n = len(gate.operands)
    return math.factorial(n) if gate.kind == "threshold" and n <= 16 else 1


def share(node, value, draw):
    """λ_i of the rows below the node."""
    if isinstance(node, Leaf):
        return [value] * len(node.elements)
    count = len(node.operands)
    if node.kind == "or":
        parts = [value] * count
    elif node.kind == "and":
        parts = [draw() for _ in range(count - 1)]
        parts.append((value - sum(parts)) % curve_order)
    else:
        constant = value * pow(scale(node), -1, curve_order)
        polynomial = [constant] + [draw() for _ in range(node.needed - 1)]
        at = lambda x: sum(a * x**j for j, a in enumerate(polynomial)) % curve_order
        parts = [at(x) for x in range(1, count + 1)]
    return [
        row
        for operand, part in zip(node.operands, parts, strict=True)
        for row in share(operand, part, draw)
    ]


def select(node, held, first=0):
    """[(row, γ)] of the rows to read, or None."""
    if isinstance(node, Leaf):
        rows = [i for i, element in enumerate(node.elements) if element in held]
        return [(first + rows[0], 1)] if rows else None
    able = []
    for place, operand in enumerate(node.operands, 1):
        terms = select(operand, held, first)
        first += len(elements_of(operand))
        if terms is not None:
            able.append((place, terms))
    if len(able) < node.needed:
        return None
    # Sorting keeps the order of equals.
    chosen = sorted(sorted(able, key=lambda a: len(a[1]))[: node.needed])
    selected = []
    for j, terms in chosen:
        weight = scale(node)
        if node.kind == "threshold":
            for m, _ in chosen:
                if m != j:
                    weight = weight * m * pow(m - j, -1, curve_order)
        selected += [(row, gamma * weight % curve_order) for row, gamma in terms]
    return selected


# ---- Scheme: scheme.md and fujisaki-okamoto.md ----


@dataclass
class Parameters:
    encoded: bytes

    def digest(self):
        return H("medshare/abe/parameters/v1", self.encoded)


@dataclass
class Coins:
    s: int
    repeats: list
    shares: list


def header_body(policy_bytes, date, c1, c2, c3):
    """borsh(policy, date, C1, C2, C3)"""
    u32 = lambda number: number.to_bytes(4, "little")
    out = u32(len(policy_bytes)) + policy_bytes
    out += b"\x00" if date is None else b"\x01" + date.to_bytes(2, "little")
    out += c1 + u32(len(c2)) + b"".join(c2) + u32(len(c3)) + b"".join(c3)
    return out


class Policy:
    """A policy's canonical bytes and a sealing date, as the scheme sees them."""

    def __init__(self, policy_bytes, date):
        self.bytes, self.date = policy_bytes, date
        reader = Reader(policy_bytes)
        self.root = with_date(read_policy(reader), date)
        reader.end()
        self.elements = elements_of(self.root)
        self.rho = occurrences_of(self.elements)
        self.tau = 1 + max(self.rho)

    def digest(self):
        if self.date is None:
            return H("medshare/abe/policy/v1", self.bytes)
        date = self.date.to_bytes(2, "little")
        return H("medshare/abe/dated-policy/v1", self.bytes, date)

    def coins(self, parameters, aad, m):
        """Step 2: s, s'_j, then what the gates draw."""
        fields = (parameters.digest(), self.digest(), H("medshare/abe/aad/v1", aad), m)
        # As many bytes as there could be scalars: a gate draws fewer than it has rows.
        length = 64 * (1 + self.tau + len(self.elements))
        stream = XOF(length, "medshare/abe/coins/v1", *fields)
        scalars = iter(
            int.from_bytes(stream[i : i + 64], "little") % curve_order
            for i in range(0, length, 64)
        )
        s = next(scalars)
        repeats = [next(scalars) for _ in range(self.tau)]
        return Coins(s, repeats, share(self.root, s, lambda: next(scalars)))

    def points(self, coins):
        """Step 3: C1, C2, C3."""
        c1 = encode_g2(multiply(G2, coins.s))
        c2 = [encode_g2(multiply(G2, repeat)) for repeat in coins.repeats]
        c3 = []
        rows = zip(self.elements, self.rho, coins.shares, strict=True)
        for element, rho, value in rows:
            attribute = hash_to_curve(element.hash_input())
            row = add(multiply(BASE, value), multiply(attribute, coins.repeats[rho]))
            c3.append(encode_g1(row))
        return c1, c2, c3


def masked(data, masking, body):
    """Step 4, and its own inverse."""
    body_digest = H("medshare/abe/header-body/v1", body)
    return xor(data, XOF(32, "medshare/abe/mask/v1", encode_gt(masking), body_digest))


def secret_of(tag, secret, header, aad):
    """Step 5, and step 8 of decapsulation."""
    digests = (H("medshare/abe/header/v1", header), H("medshare/abe/aad/v1", aad))
    return XOF(32, tag, secret, *digests)


def encapsulate(parameters, e, policy, aad, m):
    coins = policy.coins(parameters, aad, m)
    body = header_body(policy.bytes, policy.date, *policy.points(coins))
    header = b"mABE\x00\x01" + body + masked(m, e**coins.s, body)
    return header, secret_of("medshare/abe/key/v1", m, header, aad)


@dataclass
class Key:
    """Section 4."""

    parameters_digest: bytes
    k1: tuple
    k3: tuple
    parts: dict

    @classmethod
    def read(cls, data):
        reader = Reader(data)
        reader.envelope(b"mUSK")
        digest = reader.take(32)
        k1, k3 = decode_g1(reader.take(48)), decode_g2(reader.take(96))
        parts = {}
        text = lambda: reader.take(reader.number(4)).decode()
        for _ in range(reader.number(4)):
            name = Name(text())
            parts[name] = decode_g1(reader.take(48))
        for _ in range(reader.number(4)):
            label, kind, identifier = text(), reader.number(1), b""
            if kind == 2:
                identifier, value = reader.take(32), reader.number(2)
                text()
            else:
                value = reader.number((4, 2)[kind])
            kind = ("integer", "date", "enumeration")[kind]
            width = WIDTH[kind]
            assert reader.number(4) == width + 1
            for depth in range(width + 1):
                bits = prefix_of(value, width, depth)
                element = Prefix("policy", label, kind, identifier, depth, bits)
                parts[element] = decode_g1(reader.take(48))
        days = cover(reader.number(2), reader.number(2), 16)
        assert reader.number(4) == len(days)
        for depth, bits in days:
            element = Prefix("validity", "", "date", b"", depth, bits)
            parts[element] = decode_g1(reader.take(48))
        reader.end()
        return cls(digest, k1, k3, parts)

    def is_issued_with(self, alpha, r):
        """K1 = α·g1 + r·B, K_u = r·H(u), K3 = r·g2."""
        k1 = add(multiply(G1, alpha), multiply(BASE, r))
        expected = {u: multiply(hash_to_curve(u.hash_input()), r) for u in self.parts}
        return (
            encode_g1(self.k1) == encode_g1(k1)
            and encode_g2(self.k3) == encode_g2(multiply(G2, r))
            and all(
                encode_g1(self.parts[u]) == encode_g1(expected[u]) for u in expected
            )
        )


def read_header(data):
    reader = Reader(data)
    reader.envelope(b"mABE")
    policy_bytes = reader.take(reader.number(4))
    date = reader.number(2) if reader.number(1) else None
    c1 = reader.take(96)
    c2 = [reader.take(96) for _ in range(reader.number(4))]
    c3 = [reader.take(48) for _ in range(reader.number(4))]
    c4 = reader.take(32)
    reader.end()
    return Policy(policy_bytes, date), c1, c2, c3, c4


def decapsulate(parameters, header, key, sigma, aad):
    """K, whether the header was accepted, and the rows that were read."""
    policy, c1, c2, c3, c4 = read_header(header)
    assert key.parameters_digest == parameters.digest()  # Step 1.
    selected = select(policy.root, key.parts)  # Step 2.
    assert selected is not None, "unsatisfied"
    accepted = False
    masking = unmask(policy, selected, key, c1, c2, c3)  # Steps 3 to 5.
    if masking is not None:
        m = masked(c4, masking, header[6:-32])
        expected = policy.points(policy.coins(parameters, aad, m))  # Step 6.
        accepted = (c1, c2) == expected[:2]
        accepted &= all(c3[row] == expected[2][row] for row, _ in selected)
    if accepted:
        secret = secret_of("medshare/abe/key/v1", m, header, aad)  # Step 7.
    else:
        secret = secret_of("medshare/abe/reject/v1", sigma, header, aad)  # Step 8.
    return secret, accepted, selected


def unmask(policy, selected, key, c1, c2, c3):
    """e(K1, C1) + Σ_j e(Σ_{i∈I, ρ(i)=j} γ_i·K_π(i), C2_j) − e(Σ_{i∈I} γ_i·C3_i, K3)"""
    parts, rows = [Z1] * policy.tau, Z1
    for row, gamma in selected:
        j = policy.rho[row]
        part = key.parts[policy.elements[row]]
        parts[j] = add(parts[j], multiply(part, gamma))
        try:
            rows = add(rows, multiply(decode_g1(c3[row]), gamma))
        except ValueError:
            return None  # Step 4: no point of the curve.
    if multiply(rows, curve_order)[2] != 0:
        return None  # Step 4: outside G1.
    pairs = [(key.k1, decode_g2(c1)), (neg(rows), key.k3)]
    pairs += [(part, decode_g2(c)) for part, c in zip(parts, c2, strict=True)]
    return gt_product(pairs)
