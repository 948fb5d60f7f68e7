"""Reads every layer of a lake with DuckDB, Polars and pyarrow, none given an option.

    python check.py LAKE EXPECTED.json

LAKE is what the local runner made of the sample files, with its report.json, EXPECTED.json what the
generator planted in them, beside customers.csv. Rows, cents, rejects by code and every cell must be
the same in each engine. Exit code 1 if one differs.
"""

import csv
import json
import sys
from collections import Counter
from pathlib import Path

import duckdb
import polars
import pyarrow.parquet

TABLES = {
    "bronze/sales_events": ["order_id", "revenue"],
    "bronze/customer_updates": ["customer_id", "deleted"],
    "silver/sales": ["order_id", "revenue"],
    "gold/daily_products": ["product_id", "net_revenue"],
    "gold/daily_sales": ["order_date", "region", "category", "orders", "units", "gross_revenue", "refunded_revenue",
                         "net_revenue", "customers", "pending_orders", "cancelled_orders"],
    "gold/hourly_sales": ["orders", "net_revenue"],
    "gold/refunds_by_day": ["refund_date", "refunds", "refunded_revenue"],
    "quarantine/sales_events": ["code"],
    "quarantine/customer_updates": ["code"],
    "dq/results": ["table", "slice", "version", "rule", "outcome"],
    "dq/ledger": ["scope", "hop", "source", "partition", "day", "version", "out_rows", "out_revenue", "residual_rows", "residual_revenue"],
}


def with_duckdb(folder, columns):
    names = ", ".join(f'"{c}"' for c in columns)
    return duckdb.execute(f"select {names} from '{folder}/**/*.parquet'").fetchall()


def with_polars(folder, columns):
    return polars.scan_parquet(f"{folder}/**/*.parquet").select(columns).collect().rows()


def with_pyarrow(folder, columns):
    table = pyarrow.parquet.read_table(folder)  # all columns must be readable
    return list(zip(*(table.column(c).to_pylist() for c in columns)))


def cents(amount):
    return int(amount * 100)


def kept(results, ledger):
    facts = [row for row in ledger if row[1:3] == ("gold", "gold/fact_sales")]
    return {
        "verdicts in dq/results": len({row[:3] for row in results}),
        "outcomes in dq/results": {outcome for *_, outcome in results},
        "days in dq/ledger that come twice": sum(n > 1 for n in Counter(row[:6] for row in ledger if row[0] == "day").values()),
        "residuals in dq/ledger": {(rows, cents(revenue)) for *_, rows, revenue in ledger},
        "facts in dq/ledger": (sum(row[6] for row in facts), sum(cents(row[7]) for row in facts)),
    }


def found(read, lake):
    rows = {name: read(lake / name, columns) for name, columns in TABLES.items()}
    rejects = lambda dataset: dict(sorted(Counter(code for code, in rows["quarantine/" + dataset]).items()))
    money = ("gross_revenue", "refunded_revenue", "net_revenue")
    cell = lambda row: tuple(cents(v) if c in money else v for c, v in zip(TABLES["gold/daily_sales"], row))
    return {
        "bronze": (len(rows["bronze/sales_events"]), sum(cents(r) for _, r in rows["bronze/sales_events"])),
        "silver": (len(rows["silver/sales"]), sum(cents(r) for _, r in rows["silver/sales"])),
        "rejects": rejects("sales_events"),
        "customers": (len(rows["bronze/customer_updates"]), sum(deleted for _, deleted in rows["bronze/customer_updates"])),
        "rejected updates of customers": rejects("customer_updates"),
        "cells": sorted((str(day), *rest) for day, *rest in map(cell, rows["gold/daily_sales"])),
        "net revenue of all products": sum(cents(r) for _, r in rows["gold/daily_products"]),
        "orders and net revenue of all hours": (sum(n for n, _ in rows["gold/hourly_sales"]), sum(cents(r) for _, r in rows["gold/hourly_sales"])),
        "refunds": sum(cents(r) for _, _, r in rows["gold/refunds_by_day"]),
        **kept(rows["dq/results"], rows["dq/ledger"]),
    }


def planted(path, verdicts):
    expected = json.loads(Path(path).read_text())
    want, updates = expected["total"], expected["customer_updates"]
    with open(Path(path).with_name("customers.csv"), newline="", encoding="utf-8") as file:
        customers = sum(1 for _ in csv.DictReader(file))  # none is bad or deleted
    return {
        "bronze": (want["bronze_rows"], want["bronze_cents"]),
        "silver": (want["silver"]["rows"], want["silver"]["cents"]),
        "rejects": want["rejected"],
        "customers": (customers + updates["bronze_rows"], updates["deleted_rows"]),
        "rejected updates of customers": updates["rejected"],
        "cells": sorted(tuple(cell.values()) for cell in want["daily_sales"]),
        "net revenue of all products": sum(cell["net_cents"] for cell in want["daily_sales"]),
        "orders and net revenue of all hours": (sum(cell["orders"] for cell in want["daily_sales"]), sum(cell["net_cents"] for cell in want["daily_sales"])),
        "refunds": sum(cell["refunded_cents"] for cell in want["daily_sales"]),
        "verdicts in dq/results": sum(verdicts.values()),
        "outcomes in dq/results": {"pass"},
        "days in dq/ledger that come twice": 0,
        "residuals in dq/ledger": {(0, 0)},
        "facts in dq/ledger": (want["silver"]["rows"], want["silver"]["cents"]),
    }


def main():
    lake, wrong = Path(sys.argv[1]), 0
    want = planted(sys.argv[2], json.loads((lake / "report.json").read_text())["ledger"]["verdicts"])
    for engine, read in (("duckdb", with_duckdb), ("polars", with_polars), ("pyarrow", with_pyarrow)):
        have = found(read, lake)
        for name, value in want.items():
            same = have[name] == value
            wrong += not same
            print(f"{engine:8s} {name}:", "as planted" if same else f"found {str(have[name])[:200]}, planted {str(value)[:200]}")
    sys.exit(1 if wrong else 0)


main()
