"""Sealing a realistic personal part: `cryptography` AES-GCM against the driver's own encryption.

    python -m tests.benchmarks.sealing --mongo-url 'mongodb://127.0.0.1:27017/?replicaSet=rs0'

Needs `pymongocrypt` and a MongoDB (the driver's keys live there). Variants alternate in rounds;
figures are medians. The decision that rests on them is docs/decisions/0003-sealing.md.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import bson
import pymongo
from bson.codec_options import CodecOptions
from pymongo.encryption import ClientEncryption

from shared.sealing import Keyring, new_key

ROUNDS = 15
CALLS = 400
DRIVER_ALGORITHM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
CONTEXT = "application:2634626885086477"

PERSONAL: Mapping[str, Any] = {
    "applicant": {
        "party_type": "natural_person",
        "name": "章虚名",
        "gender": "女",
        "id_type": "resident_id",
        "id_number": "000000190001010000",
        "phone": "13800000000",
        "email": "zhang@example.com",
        "correspondence_address": "山东省济南市历下区虚构街道无名路1号2单元301室",
    },
    "agent": {
        "name": "章无有",
        "relation": "child",
        "id_type": "resident_id",
        "id_number": "000000200001010000",
        "phone": "13800000001",
        "authority": "general",
    },
    "respondents": [
        {
            "party_type": "employer",
            "name": f"济南虚构{number}有限公司",
            "legal_representative": "李子虚",
            "contact_name": "李经理",
            "phone": "053100000000",
            "address": "山东省济南市历下区虚构路100号",
        }
        for number in ("建筑劳务", "人力资源")
    ],
    "facts_and_reasons": "本人自三月起在该项目做工，口头约定日工资，七月至九月出工七十七天分文未得。"
    * 12,
    "claims": [{"claim_type": "wage_arrears", "text": "支付拖欠工资", "amount_cny": 20020}],
    "evidence_note": "记工本由工长签字，原件在本人手里",
}
PLAIN = json.dumps(PERSONAL, ensure_ascii=False).encode()

_PROBE = """
import time, pymongo, orjson, jwt, shared.settings
rss = lambda: next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmRSS"))
before, began = rss(), time.perf_counter()
{imports}
print(1000 * (time.perf_counter() - began), rss() - before)
"""
IMPORTS = {
    "shared.sealing": "import shared.sealing",
    "driver (pymongo.encryption)": "import pymongo.encryption, pymongocrypt.mongocrypt",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mongo-url", required=True)
    url = parser.parse_args().mongo_url
    with pymongo.MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=5000) as client:
        name = f"benchmark_sealing_{secrets.token_hex(4)}"
        try:
            _report(client, name)
        finally:
            client.drop_database(name)


def _report(client: pymongo.MongoClient[dict[str, Any]], database: str) -> None:
    ring = Keyring.parse(f"k1:{new_key()}")
    text, binary = ring.seal(PLAIN, CONTEXT), ring.seal_binary(PLAIN, CONTEXT)
    local = {"local": {"key": secrets.token_bytes(96)}}
    with ClientEncryption[dict[str, Any]](
        local, f"{database}.keys", client, CodecOptions()
    ) as driver:
        began = time.perf_counter()
        key = driver.create_data_key("local")
        made = time.perf_counter() - began
        began = time.perf_counter()
        theirs = driver.encrypt(PLAIN, DRIVER_ALGORITHM, key_id=key)
        first = time.perf_counter() - began
        _say(f"plain: {len(PLAIN)} bytes; {ROUNDS} rounds of {CALLS} calls, alternating\n")
        _table(
            "seal",
            _alternate(
                {
                    "binary": lambda: ring.seal_binary(PLAIN, CONTEXT),
                    "text": lambda: ring.seal(PLAIN, CONTEXT),
                    "driver": lambda: driver.encrypt(PLAIN, DRIVER_ALGORITHM, key_id=key),
                }
            ),
        )
        _table(
            "open",
            _alternate(
                {
                    "binary": lambda: ring.open(binary, CONTEXT),
                    "text": lambda: ring.open(text, CONTEXT),
                    "driver": lambda: driver.decrypt(theirs),
                }
            ),
        )
    _table(
        "BSON encode + decode of the document",
        _alternate(
            {
                "binary": lambda: bson.decode(bson.encode({"personal": binary})),
                "text": lambda: bson.decode(bson.encode({"personal": text})),
                "driver": lambda: bson.decode(bson.encode({"personal": theirs})),
            }
        ),
    )
    _say("size above plain, in BSON")
    for variant, value in (("binary", binary), ("text", text), ("driver", theirs)):
        size = len(bson.encode({"personal": value})) - len(bson.encode({"personal": PLAIN}))
        _say(f"  {variant:8} {size:6} bytes  {100 * size / len(PLAIN):5.1f} %")
    _say(f"\ndriver: make a data key {1e3 * made:.1f} ms, first encrypt {1e3 * first:.1f} ms")
    _say("\nimport beside pymongo, PyJWT and settings, fresh processes, median of 5")
    for variant, imports in IMPORTS.items():
        took, memory = _probe(imports)
        _say(f"  {variant:28} {took:6.1f} ms  {memory / 1024:5.1f} MiB")


def _alternate(variants: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds per call of each variant, one figure a round."""
    figures: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, call in variants.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                call()
            figures[name].append((time.perf_counter() - began) / CALLS)
    return figures


def _table(title: str, figures: Mapping[str, list[float]]) -> None:
    _say(title)
    base = figures["binary"]
    for name, seconds in figures.items():
        ratio = statistics.median(one / other for one, other in zip(seconds, base, strict=True))
        _say(f"  {name:8} {1e6 * statistics.median(seconds):8.1f} µs  × {ratio:.2f}")
    _say("")


def _probe(imports: str) -> tuple[float, float]:
    """Milliseconds and KiB that these imports add to a process."""
    code = _PROBE.format(imports=imports)
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        ).stdout.split()
        for _ in range(5)
    ]
    took, memory = (statistics.median(float(run[column]) for run in runs) for column in (0, 1))
    return took, memory


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
