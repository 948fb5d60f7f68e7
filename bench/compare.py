"""Compares lakes row for row, reading each by plain globs.

    python compare.py [--expected expected.json] REFERENCE LAKE...

Bronze, silver and both gold tables of every LAKE must hold exactly the rows of
REFERENCE, and quarantine as many of each code; with --expected, REFERENCE must
hold the cells and totals that the generator planted. Exit code 1 if anything
differs.
"""

import argparse
import json
import sys

import duckdb

EVENT = ["event_id", "epoch_us(event_ts)", "order_id", "epoch_us(order_ts)", "customer_id", "product_id", "category",
         "region", "quantity", "unit_price", "revenue", "status", "payment_method", "currency", "_offset"]
MEASURES = ["orders", "units", "gross_revenue", "refunded_revenue", "net_revenue", "customers", "pending_orders", "cancelled_orders"]
REJECTS = "quarantine/sales_events"
TABLES = {
    "bronze/sales_events": EVENT,
    "silver/sales": EVENT,
    "gold/daily_sales": ["order_date", "region", "category", *MEASURES],
    "gold/daily_products": ["order_date", "product_id", "category", *MEASURES],
    REJECTS: ["code"],
}
SHOWN = 3  # rows of each side that are printed where a table differs


def files(lake, table):
    return f"read_parquet('{lake}/{table}/**/*.parquet', hive_partitioning = false)"


def rows(lake, table, columns):
    """All rows of a table; of the rejects, whose bytes each engine keeps in its own way, the number of each code."""
    if table == REJECTS:
        return f"select code, count(*) from {files(lake, table)} group by code"
    return f"select {', '.join(columns)} from {files(lake, table)}"


def differing(db, reference, lake, table, columns):
    """Prints how a table differs and tells whether it does."""
    a, b = rows(reference, table, columns), rows(lake, table, columns)
    total, = db.execute(f"select count(*) from ({b})").fetchone()
    lost = db.execute(f"select count(*) over (), * from ({a} except all {b}) limit {SHOWN}").fetchall()
    extra = db.execute(f"select count(*) over (), * from ({b} except all {a}) limit {SHOWN}").fetchall()
    print(f"{lake}  {table:23s} {total:9d} rows ", "DIFFERS" if lost or extra else "equal")
    for name, found in (("lacks", lost), ("has besides", extra)):
        for number, *row in found:
            print(f"    {name} {number} rows, such as {row}")
    return bool(lost or extra)


def unexpected(db, lake, expected):
    """Prints how a lake differs from the generator's answer and tells whether it does."""
    want = json.load(open(expected))["total"]
    cents = lambda name: f"cast({name} * 100 as bigint)"
    found = db.execute(f"""select cast(order_date as varchar), region, category, orders, units, {cents('gross_revenue')},
        {cents('refunded_revenue')}, {cents('net_revenue')}, customers, pending_orders, cancelled_orders
        from {files(lake, 'gold/daily_sales')}""").fetchall()
    cells = {tuple(cell.values()) for cell in want["daily_sales"]}
    silver = db.execute(f"""select count(*), coalesce(sum({cents('revenue')}), 0) from {files(lake, 'silver/sales')}""").fetchone()
    rejected = dict(db.execute(rows(lake, REJECTS, [])).fetchall())
    checks = {
        "silver rows and cents": (silver, tuple(want["silver"].values())),
        "rejects by code": (rejected, want["rejected"]),
        "cells": (sorted(found), sorted(cells)),
    }
    for name, (have, planted) in checks.items():
        print(f"{lake}  {name}", "as planted" if have == planted else f"DIFFER from what was planted: {str(have)[:300]}")
    return any(have != planted for have, planted in checks.values())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--expected", help="the generator's expected.json")
    options.add_argument("reference")
    options.add_argument("lakes", nargs="*")
    o = options.parse_args()
    db = duckdb.connect(config={"memory_limit": "4GB"})
    db.execute("set timezone = 'UTC'")
    bad = unexpected(db, o.reference, o.expected) if o.expected else False
    for lake in o.lakes:
        for table, columns in TABLES.items():
            bad |= differing(db, o.reference, lake, table, columns)
    sys.exit(1 if bad else 0)


main()
