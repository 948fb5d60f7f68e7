"""Runs the batch path of saleslake, DuckDB and Polars alternately and compares them.

    python batch.py RUNNER BENCH_DIR RUNS

RUNNER is the built local-runner, BENCH_DIR holds bench.csv and expected.json.
Prints a Markdown table, but only after all lakes were found equal row for row.
Our time is that of the whole process; a peer's starts after its imports.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

here = Path(__file__).parent
LIMIT = 600  # seconds after which a run is killed


def commands(runner, source):
    def peer(name):
        return lambda lake: [sys.executable, here / f"peers/{name}_batch.py", source, lake]

    def ours(lake):
        return [runner, "--input", source, "--lake", lake, "--through", "gold-aggregator", "--json"]

    return {"duckdb": peer("duckdb"), "polars": peer("polars"), "saleslake": ours}


def measure(argv):
    """Runs a process: its output, wall seconds and peak resident MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    limit = threading.Timer(LIMIT, process.kill)
    limit.start()
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    limit.cancel()
    if status != 0:
        sys.exit(f"{argv[0]} failed with status {status}")
    return output, seconds, usage.ru_maxrss / 1024


def clean(lake):
    subprocess.run(["rm", "-rf", lake], check=True)


def main():
    runner, bench, runs = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int(sys.argv[3])
    engines = commands(runner, bench / "bench.csv")
    took = {name: [] for name in engines}
    peak = dict.fromkeys(engines, 0)
    label = dict.fromkeys(engines, "saleslake")
    for turn in range(runs):
        order = list(engines)[turn % len(engines):] + list(engines)[:turn % len(engines)]
        for name in order:
            lake = bench / f"lake-{name}"
            clean(lake)
            output, seconds, mib = measure(engines[name](lake))
            report = json.loads(output)
            if name != "saleslake":
                seconds, label[name] = report["seconds"], report["engine"]
            took[name].append(seconds)
            peak[name] = max(peak[name], mib)
            print(f"run {turn + 1} {name}: {seconds:.2f} s, {mib:.0f} MiB", file=sys.stderr)

    lakes = [bench / f"lake-{name}" for name in engines]
    compare = subprocess.run([sys.executable, here / "compare.py", "--expected", bench / "expected.json", *lakes], stdout=sys.stderr)
    if compare.returncode:
        sys.exit("the lakes differ: no time is worth printing")
    print_table(json.loads((bench / "expected.json").read_text())["total"]["rows"], took, peak, label)


def print_table(rows, took, peak, label):
    median = {name: statistics.median(t) for name, t in took.items()}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"\n{rows:,} rows, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
          f"{len(took['duckdb'])} runs each, {time.strftime('%Y-%m-%d')}\n")
    print("| engine | seconds, median | range | rows a second | of DuckDB's time | peak MiB |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, t in took.items():
        print(f"| {label[name]} | {median[name]:.2f} | {min(t):.2f}–{max(t):.2f} | {rows / median[name]:,.0f} "
              f"| {median[name] / median['duckdb']:.2f} | {peak[name]:.0f} |")


main()
