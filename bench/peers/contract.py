"""What both peers share: the contract's constants, and how a run reports itself.

A peer does what the pipeline's batch path does with one CSV: type and validate
every row, write bronze and quarantine, deduplicate, write silver by day, and
aggregate both gold tables.

    python PEER.py INPUT.csv LAKE

The lake is laid out as ours is, so that compare.py reads both by plain globs.
Rows of the input are sound CSV: the benchmark's file has every fault that a
field can have, but none that breaks a row (few readers survive those).
"""

import json
import resource
import shutil
import sys
import time
from pathlib import Path

CATEGORIES = ["Electronics", "Fashion", "Home & Garden", "Sports", "Books", "Toys", "Beauty", "Grocery"]
REGIONS = ["North America", "Europe", "Asia Pacific", "Latin America", "Middle East"]
STATUSES = ["pending", "completed", "cancelled", "refunded"]
CURRENCY = "USD"

REQUIRED = [
    "order_id", "order_ts", "customer_id", "product_id", "category",
    "region", "quantity", "unit_price", "revenue", "status",
]
AS_WRITTEN = {"category", "region", "payment_method"}  # in bronze; silver writes the first two in the catalogue's spelling

# Shapes; whether the value exists (30 February) or fits is for the cast to say.
OFFSET = r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
TIME = rf"\d{{4}}-\d\d-\d\d(T{CLOCK}{OFFSET}| {CLOCK})"
MONEY = r"-?\d+(\.\d{1,2})?"
INTEGER = r"-?\d+"


def run(work):
    """Calls work(csv, lake) and prints what it found, its seconds and peak memory, as JSON."""
    source, lake = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(lake, ignore_errors=True)
    for table in ("bronze/sales_events", "quarantine/sales_events", "silver/sales", "gold/daily_sales", "gold/daily_products"):
        (lake / table).mkdir(parents=True)
    start = time.perf_counter()
    found = work(source, lake)
    found["seconds"] = round(time.perf_counter() - start, 3)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(found))
