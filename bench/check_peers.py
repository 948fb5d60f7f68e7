"""Checks that the peers answer the sample file as the generator planted it.

    python check_peers.py data/

Rows that are no sound CSV (two of the contract's codes) are left out first, for
the benchmark's file has none. What remains must give the peers the same rejects
by code, silver and cells as data/expected.json has, and the same rows in both.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BROKEN = {"malformed_row", "invalid_utf8"}
FIELD = rb'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
ROW = re.compile(rb"%s(?:,%s)*\r?\n" % (FIELD, FIELD))
here = Path(__file__).parent


def records(content):
    """Splits at the line ends outside quotes."""
    row = b""
    for line in content.splitlines(keepends=True):
        row += line
        if row.count(b'"') % 2 == 0 and row.endswith(b"\n"):
            yield row
            row = b""
    if row:
        yield row


def is_sound(row, columns):
    if not ROW.fullmatch(row) or len(re.findall(FIELD + rb"(?:,|\r?\n)", row)) != columns:
        return False
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True


def main():
    data = Path(sys.argv[1])
    content = (data / "sales_events.csv").read_bytes()
    columns = content[: content.index(b"\n")].count(b",") + 1
    want = json.loads((data / "expected.json").read_text())["files"]["sales_events.csv"]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        (scratch / "sound.csv").write_bytes(b"".join(r.rstrip(b"\r\n") + b"\n" for r in records(content) if is_sound(r, columns)))
        (scratch / "expected.json").write_text(json.dumps({"total": {**want, "rejected": sound_codes(want)}}))
        for engine in ("duckdb", "polars"):
            check(engine, scratch, want)
        compare = [sys.executable, here / "compare.py", "--expected", scratch / "expected.json", scratch / "duckdb", scratch / "polars"]
        sys.exit(subprocess.run(compare).returncode)


def sound_codes(want):
    return {code: n for code, n in want["rejected"].items() if code not in BROKEN}


def check(engine, scratch, want):
    run = [sys.executable, here / f"peers/{engine}_batch.py", scratch / "sound.csv", scratch / engine]
    found = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout)
    rejected = sound_codes(want)
    rows = want["rows"] - sum(want["rejected"].values()) + sum(rejected.values())
    answer = {"rows": rows, "rejected": rejected, "silver_rows": want["silver"]["rows"], "silver_cents": want["silver"]["cents"]}
    wrong = {name: (found[name], value) for name, value in answer.items() if found[name] != value}
    if wrong:
        sys.exit(f"{engine} (found, want): {wrong}")
    print(f"{engine}: {rows} rows, {sum(rejected.values())} rejects by code, silver: as planted")


main()
