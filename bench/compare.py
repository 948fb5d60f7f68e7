"""Compares lakes row for row, reading each by plain globs.

    python compare.py [--expected expected.json] REFERENCE LAKE...

Bronze, silver and both gold tables of every LAKE must hold exactly the rows of
REFERENCE; with --expected, REFERENCE must hold the cells and totals that the
generator planted. Exit code 1 if anything differs.
"""

import argparse
import json
import sys

import duckdb

EVENT = ["event_id", "epoch_us(event_ts)", "order_id", "epoch_us(order_ts)", "customer_id", "product_id", "category",
         "region", "quantity", "unit_price", "revenue", "status", "payment_method", "currency", "_offset"]
MEASURES = ["orders", "units", "gross_revenue", "refunded_revenue", "net_revenue", "customers", "pending_orders", "cancelled_orders"]
TABLES = {
    "bronze/sales_events": EVENT,
    "silver/sales": EVENT,
    "gold/daily_sales": ["order_date", "region", "category", *MEASURES],
    "gold/daily_products": ["order_date", "product_id", "category", *MEASURES],
}
SHOWN = 3  # differing rows of each side that are printed


def rows(lake, table, columns):
    return f"select {', '.join(columns)} from read_parquet('{lake}/{table}/**/*.parquet', hive_partitioning = false)"


def differing(db, reference, lake, table, columns):
    """Prints how a table differs and tells whether it does."""
    a, b = rows(reference, table, columns), rows(lake, table, columns)
    lost = db.execute(f"{a} except all {b}").fetchall()
    extra = db.execute(f"{b} except all {a}").fetchall()
    total, = db.execute(f"select count(*) from ({b})").fetchone()
    verdict = "equal" if not lost and not extra else f"DIFFERS: {len(lost)} rows lack, {len(extra)} are extra"
    print(f"{lake}  {table:20s} {total:9d} rows  {verdict}")
    for name, found in (("lacks", lost), ("extra", extra)):
        for row in found[:SHOWN]:
            print(f"    {name} {row}")
    return bool(lost or extra)


def unexpected(db, lake, expected):
    """Prints how a lake differs from the generator's answer and tells whether it does."""
    want = json.load(open(expected))["total"]
    cents = lambda name: f"cast({name} * 100 as bigint)"
    found = db.execute(f"""select cast(order_date as varchar), region, category, orders, units, {cents('gross_revenue')},
        {cents('refunded_revenue')}, {cents('net_revenue')}, customers, pending_orders, cancelled_orders
        from read_parquet('{lake}/gold/daily_sales/**/*.parquet', hive_partitioning = false)""").fetchall()
    cells = {tuple(cell.values()) for cell in want["daily_sales"]}
    silver = db.execute(f"""select count(*), coalesce(sum({cents('revenue')}), 0)
        from read_parquet('{lake}/silver/sales/**/*.parquet', hive_partitioning = false)""").fetchone()
    wrong = len(cells ^ set(found)) + abs(len(found) - len(cells))
    if tuple(silver) != (want["silver"]["rows"], want["silver"]["cents"]):
        wrong += 1
    print(f"{lake}  against the answer: silver {silver} want {tuple(want['silver'].values())}, {len(found)} cells want {len(cells)}:",
          "equal" if not wrong else f"DIFFERS ({wrong})")
    return wrong > 0


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
