"""The batch path in Polars. See contract.py."""

from datetime import datetime, timedelta, timezone

import polars as pl

from contract import (AS_WRITTEN, CATEGORIES, CURRENCY, INTEGER, MONEY, REGIONS, REQUIRED, STATUSES, TIME, run)

DECIMAL = pl.Decimal(18, 2)
TIMESTAMP = pl.Datetime("us", "UTC")
COLUMNS = ["event_id", "event_ts", *REQUIRED, "payment_method", "currency"]


def text(name):
    """Null where nothing but white space is written; trimmed unless it is kept as written."""
    trimmed = pl.col(name).str.strip_chars()
    return pl.when(trimmed != "").then(pl.col(name) if name in AS_WRITTEN else trimmed)


def shaped(value, shape):
    return pl.when(value.str.contains(f"^(?:{shape})$")).then(value)


def instant(value):
    """UTC microseconds. Nearly all times end in Z; the others go through the slower parser."""
    value = shaped(value, TIME)
    utc = value.str.strip_suffix("Z").str.replace("T", " ", literal=True)
    plain = utc.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False).dt.replace_time_zone("UTC")
    offset = value.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", strict=False)
    return pl.when(value.str.contains(r"[+-]\d\d:\d\d$")).then(offset).otherwise(plain)


def canonical(name, catalogue):
    spelling = {known.lower(): known for known in catalogue}
    squeezed = pl.col(name).str.strip_chars().str.replace_all(r"\s+", " ")
    return squeezed.str.to_lowercase().replace_strict(spelling, default=None).fill_null(squeezed).alias(name)


def typed(source):
    raw = pl.scan_csv(source, infer_schema=False, row_index_name="_offset", row_index_offset=1)
    trimmed = raw.select(pl.col("_offset").cast(pl.Int64), *(text(c).alias(c) for c in COLUMNS))
    quantity = shaped(pl.col("quantity"), INTEGER).cast(pl.Int32, strict=False)
    price = shaped(pl.col("unit_price"), MONEY).cast(DECIMAL, strict=False)
    revenue = shaped(pl.col("revenue"), MONEY).cast(DECIMAL, strict=False)
    parsed = trimmed.select(
        "_offset",
        pl.col("event_id").fill_null(pl.format("row-{}", pl.col("_offset").cast(pl.String).str.zfill(12))),
        "order_id", "customer_id", "product_id", "category", "region", "status", "payment_method",
        pl.col("currency").fill_null(CURRENCY),
        instant(pl.col("order_ts")).alias("order_ts"),
        instant(pl.col("event_ts").fill_null(pl.col("order_ts"))).alias("event_ts"),
        quantity.alias("quantity"), price.alias("unit_price"), revenue.alias("revenue"),
        pl.any_horizontal(pl.col(c).is_null() for c in REQUIRED).alias("missing"),
    )
    return parsed.with_columns(bronze_code().alias("bronze_code"), silver_code().alias("silver_code")).drop("missing")


def bronze_code():
    null = lambda name: pl.col(name).is_null()
    return (pl.when(pl.col("missing")).then(pl.lit("missing_field"))
            .when(null("quantity")).then(pl.lit("wrong_type"))
            .when(null("order_ts") | null("event_ts")).then(pl.lit("bad_timestamp"))
            .when(null("unit_price") | null("revenue")).then(pl.lit("bad_decimal")))


def silver_code():
    newest, oldest = pl.max_horizontal("event_ts", "order_ts"), pl.min_horizontal("event_ts", "order_ts")
    latest = datetime.now(timezone.utc) + timedelta(hours=24)
    return (pl.when(pl.col("quantity") <= 0).then(pl.lit("quantity_not_positive"))
            .when(pl.col("unit_price") < 0).then(pl.lit("negative_price"))
            .when(pl.col("revenue") < 0).then(pl.lit("negative_revenue"))
            .when(~pl.col("status").is_in(STATUSES)).then(pl.lit("unknown_status"))
            .when(pl.col("currency") != CURRENCY).then(pl.lit("unsupported_currency"))
            .when(newest > pl.lit(latest, dtype=TIMESTAMP)).then(pl.lit("future_timestamp"))
            .when(oldest < pl.datetime(2000, 1, 1, time_unit="us", time_zone="UTC")).then(pl.lit("implausible_timestamp")))


def aggregate(silver, keys, *more):
    sold, status = pl.col("sold"), pl.col("status")
    return silver.group_by(pl.col("day").alias("order_date"), *keys).agg(
        *more,
        sold.sum().cast(pl.Int64).alias("orders"),
        pl.col("quantity").filter(sold).cast(pl.Int64).sum().alias("units"),
        pl.col("revenue").filter(sold).sum().cast(DECIMAL).alias("gross_revenue"),
        pl.col("revenue").filter(status == "refunded").sum().cast(DECIMAL).alias("refunded_revenue"),
        pl.col("revenue").filter(status == "completed").sum().cast(DECIMAL).alias("net_revenue"),
        pl.col("customer_id").filter(sold).n_unique().cast(pl.Int64).alias("customers"),
        (status == "pending").sum().cast(pl.Int64).alias("pending_orders"),
        (status == "cancelled").sum().cast(pl.Int64).alias("cancelled_orders"),
    )


def work(source, lake):
    rows = typed(source).collect(engine="streaming")
    sound, meant = pl.col("bronze_code").is_null(), pl.col("silver_code").is_null()
    rows.lazy().filter(sound).drop("bronze_code", "silver_code").sink_parquet(
        lake / "bronze/sales_events/part.parquet", compression="snappy")
    rejects = rows.lazy().filter(~(sound & meant)).with_columns(pl.coalesce("bronze_code", "silver_code").alias("code"))
    rejects.drop("bronze_code", "silver_code").sink_parquet(lake / "quarantine/sales_events/part.parquet", compression="snappy")
    silver = current(rows.lazy().filter(sound & meant).drop("bronze_code", "silver_code")).collect(engine="streaming")
    silver.lazy().drop("sold").sink_parquet(
        pl.PartitionBy(lake / "silver/sales", key="day", include_key=False), compression="snappy", mkdir=True)
    aggregate(silver.lazy(), ["region", "category"]).sink_parquet(lake / "gold/daily_sales/part.parquet")
    aggregate(silver.lazy(), ["product_id"], pl.col("category").min()).sink_parquet(
        lake / "gold/daily_products/part.parquet")
    return report(rows, silver)


def current(valid):
    """The greatest (event_ts, event_id, _offset) of each order, in the catalogue's spelling."""
    again = pl.col("order_id").is_duplicated()
    newest = (valid.filter(again).sort("event_ts", "event_id", "_offset", descending=True)
              .unique("order_id", keep="first", maintain_order=True))
    return pl.concat([valid.filter(~again), newest]).with_columns(
        canonical("category", CATEGORIES), canonical("region", REGIONS),
        pl.col("order_ts").dt.date().alias("day"),
        pl.col("status").is_in(["completed", "refunded"]).alias("sold"))


def report(rows, silver):
    code = pl.coalesce("bronze_code", "silver_code").alias("code")
    rejected = rows.lazy().select(code).drop_nulls().group_by("code").len().collect()
    return {"engine": f"polars {pl.__version__}", "rows": len(rows), "rejected": dict(sorted(rejected.iter_rows())),
            "silver_rows": len(silver), "silver_cents": int(silver["revenue"].sum() * 100)}


run(work)
