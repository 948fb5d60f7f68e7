"""The batch path in DuckDB. See contract.py."""

import duckdb

from contract import (AS_WRITTEN, CATEGORIES, CURRENCY, INTEGER, MONEY, REGIONS, REQUIRED, STATUSES, TIME, run)


def literal(values):
    return ", ".join("'" + v.replace("'", "''") + "'" for v in values)


def text(name):
    """Null where nothing but blanks is written; trimmed unless it is kept as written."""
    return f"case when trim({name}) <> '' then {name} end" if name in AS_WRITTEN else f"nullif(trim({name}), '')"


def typed(name, shape, kind):
    return f"case when regexp_full_match({name}, '{shape}') then try_cast({name} as {kind}) end"


def canonical(name, catalogue):
    """A table from a name as written to its spelling in the catalogue."""
    return f"""
    create temp table {name}_spelling as
    with written as (select distinct {name} as raw, trim(regexp_replace({name}, '\\s+', ' ', 'g')) as squeezed from typed where {name} is not null)
    select raw, coalesce(known, squeezed) as spelling
    from written left join (select unnest([{literal(catalogue)}]) as known) on lower(known) = lower(squeezed)
    """


# The table keeps the file's order, so its rowid numbers the rows; a row_number() here would read with one thread.
READ = f"""
create temp table typed as
with trimmed as (
    select {', '.join(f'{text(c)} as {c}' for c in ['event_id', 'event_ts', *REQUIRED, 'payment_method', 'currency'])}
    from read_csv($source, header = true, all_varchar = true, quote = '"', escape = '"', delim = ',', new_line = '\\n')
), parsed as (
    select event_id, order_id, customer_id, product_id, category, region, status, payment_method,
        coalesce(currency, '{CURRENCY}') as currency,
        {typed('order_ts', TIME, 'timestamptz')} as order_ts,
        {typed('coalesce(event_ts, order_ts)', TIME, 'timestamptz')} as event_ts,
        {typed('quantity', INTEGER, 'integer')} as quantity,
        {typed('unit_price', MONEY, 'decimal(18,2)')} as unit_price,
        {typed('revenue', MONEY, 'decimal(18,2)')} as revenue,
        {' or '.join(f'trimmed.{c} is null' for c in REQUIRED)} as missing
    from trimmed
)
select *, case
    when missing then 'missing_field'
    when quantity is null then 'wrong_type'
    when order_ts is null or event_ts is null then 'bad_timestamp'
    when unit_price is null or revenue is null then 'bad_decimal' end as bronze_code,
  case
    when quantity <= 0 then 'quantity_not_positive'
    when unit_price < 0 then 'negative_price'
    when revenue < 0 then 'negative_revenue'
    when status not in ({literal(STATUSES)}) then 'unknown_status'
    when currency <> '{CURRENCY}' then 'unsupported_currency'
    when greatest(event_ts, order_ts) > now() + interval 24 hours then 'future_timestamp'
    when least(event_ts, order_ts) < timestamptz '2000-01-01 00:00:00Z' then 'implausible_timestamp' end as silver_code
from parsed
"""

EVENT_ID = "coalesce(event_id, printf('row-%012d', typed.rowid + 1))"

SILVER = f"""
create temp table silver as
select order_id, order_ts, event_ts, {EVENT_ID} as event_id, customer_id, product_id, c.spelling as category, r.spelling as region,
    quantity, unit_price, revenue, currency, status, payment_method,
    typed.rowid + 1 as _offset, cast(order_ts as date) as day
from typed join category_spelling c on c.raw = category join region_spelling r on r.raw = region
where bronze_code is null and silver_code is null
qualify row_number() over (partition by order_id order by event_ts desc, {EVENT_ID} desc, typed.rowid desc) = 1
"""

MEASURES = """
    count(*) filter (sold) as orders,
    cast(coalesce(sum(quantity) filter (sold), 0) as bigint) as units,
    cast(coalesce(sum(revenue) filter (sold), 0) as decimal(18,2)) as gross_revenue,
    cast(coalesce(sum(revenue) filter (status = 'refunded'), 0) as decimal(18,2)) as refunded_revenue,
    cast(coalesce(sum(revenue) filter (status = 'completed'), 0) as decimal(18,2)) as net_revenue,
    count(distinct customer_id) filter (sold) as customers,
    count(*) filter (status = 'pending') as pending_orders,
    count(*) filter (status = 'cancelled') as cancelled_orders
from (select *, status in ('completed', 'refunded') as sold from silver)
"""


def work(source, lake):
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    db.execute(READ, {"source": source})
    db.execute(canonical("category", CATEGORIES))
    db.execute(canonical("region", REGIONS))
    db.execute(f"""copy (select * exclude (event_id, missing, bronze_code, silver_code), {EVENT_ID} as event_id, typed.rowid + 1 as _offset
        from typed where bronze_code is null)
        to '{lake}/bronze/sales_events/part.parquet'""")
    db.execute(f"""copy (select coalesce(bronze_code, silver_code) as code, * exclude (missing, bronze_code, silver_code), typed.rowid + 1 as _offset from typed where bronze_code is not null or silver_code is not null)
        to '{lake}/quarantine/sales_events/part.parquet'""")
    db.execute(SILVER)
    db.execute(f"copy (select * from silver) to '{lake}/silver/sales' (format parquet, partition_by (day), overwrite_or_ignore)")
    db.execute(f"""copy (select day as order_date, region, category, {MEASURES} group by all)
        to '{lake}/gold/daily_sales/part.parquet'""")
    db.execute(f"""copy (select day as order_date, product_id, min(category) as category, {MEASURES} group by day, product_id)
        to '{lake}/gold/daily_products/part.parquet'""")
    return report(db)


def report(db):
    rejected = dict(db.execute("""select coalesce(bronze_code, silver_code) as code, count(*) from typed
        where code is not null group by 1 order by 1""").fetchall())
    rows, = db.execute("select count(*) from typed").fetchone()
    silver, cents = db.execute("select count(*), cast(sum(revenue) * 100 as bigint) from silver").fetchone()
    return {"engine": f"duckdb {duckdb.__version__}", "rows": rows, "rejected": rejected,
            "silver_rows": silver, "silver_cents": cents}


run(work)
