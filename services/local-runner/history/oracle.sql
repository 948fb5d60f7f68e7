-- What must be found in the lake, from the events alone: the contract in SQL.
-- Times are µs UTC, money is cents; n is the history.
create or replace temp table expected as
with catalogue(spelling) as (
  values ('Books'), ('Home & Garden'), ('Europe'), ('Asia Pacific')
), judged as (
  select *,
    trim(regexp_replace(category, '\s+', ' ', 'g')) as category_sent,
    trim(regexp_replace(region, '\s+', ' ', 'g')) as region_sent,
    case
      when quantity <= 0 then 'quantity_not_positive|quantity'
      when unit_price < 0 then 'negative_price|unit_price'
      when revenue < 0 then 'negative_revenue|revenue'
      when status not in ('pending', 'completed', 'cancelled', 'refunded') then 'unknown_status|status'
      when currency <> 'USD' then 'unsupported_currency|currency'
      when make_timestamp(event_ts) > make_timestamp(ingest_ts) + interval 24 hours then 'future_timestamp|event_ts'
      when make_timestamp(order_ts) > make_timestamp(ingest_ts) + interval 24 hours then 'future_timestamp|order_ts'
      when make_timestamp(event_ts) < timestamp '2000-01-01' then 'implausible_timestamp|event_ts'
      when make_timestamp(order_ts) < timestamp '2000-01-01' then 'implausible_timestamp|order_ts'
    end as fault
  from events
), versions as (
  select *, row_number() over (partition by n, order_id order by event_ts desc, event_id desc, source_offset desc) as place
  from judged where fault is null
), silver as (
  select v.* exclude (category, region),
    coalesce(c.spelling, category_sent) as category, coalesce(r.spelling, region_sent) as region,
    cast(make_timestamp(order_ts) as date) as order_date, cast(make_timestamp(event_ts) as date) as event_date,
    epoch_us(date_trunc('hour', make_timestamp(order_ts))) as order_hour,
    status in ('completed', 'refunded') as sold, status = 'refunded' as refunded
  from versions v
  left join catalogue c on lower(c.spelling) = lower(category_sent)
  left join catalogue r on lower(r.spelling) = lower(region_sent)
  where place = 1
), groups as (
  select n, order_date, order_hour, region, category, product_id, grouping(product_id) as no_product, grouping(order_hour) as no_hour,
    count(*) filter (sold) as orders,
    coalesce(sum(quantity) filter (sold), 0) as units,
    coalesce(sum(revenue) filter (sold), 0) as gross,
    coalesce(sum(revenue) filter (refunded), 0) as refunds,
    count(distinct customer_id) filter (sold) as customers,
    count(*) filter (status = 'pending') as pending,
    count(*) filter (status = 'cancelled') as cancelled
  from silver
  group by grouping sets ((n, order_date, region, category), (n, order_date, order_hour, region, category), (n, order_date, product_id))
), shares as (
  select *, row_number() over (partition by n, order_date, product_id order by orders desc, category) as place
  from (select n, order_date, product_id, category, count(*) as orders from silver group by all)
), counts as (
  select n, 'in|' || source || '|' || source_partition as what, revenue from events
  union all
  select n, 'rejected|' || source || '|' || source_partition || '|' || split_part(fault, '|', 1), revenue from judged where fault is not null
  union all
  select n, 'out|' || source_partition, revenue from silver
  union all
  select n, 'lost|' || source_partition, revenue from versions where place > 1
)
select n, 'silver/sales' as tbl, concat_ws('|', format('day={}/p={:03d}', order_date, source_partition), order_id, order_ts, event_ts, event_id, customer_id,
  product_id, category, region, quantity, unit_price, revenue, currency, status, payment_method, source_partition, source_offset) as line
from silver
union all
select n, 'gold/daily_sales', concat_ws('|', 'day=' || order_date, order_date, region, category,
  orders, units, gross, refunds, gross - refunds, customers, pending, cancelled)
from groups where no_product = 1 and no_hour = 1
union all
select n, 'gold/hourly_sales', concat_ws('|', 'day=' || order_date, order_hour, region, category,
  orders, units, gross, refunds, gross - refunds, pending, cancelled)
from groups where no_hour = 0
union all
select n, 'gold/daily_products', concat_ws('|', 'day=' || order_date, order_date, product_id, s.category,
  g.orders, units, gross, refunds, gross - refunds, customers, pending, cancelled)
from groups g join shares s using (n, order_date, product_id)
where no_product = 0 and place = 1
union all
select n, 'gold/refunds_by_day', concat_ws('|', 'day=' || order_date, order_date, event_date, region, category, count(*), sum(revenue))
from silver where refunded group by n, order_date, event_date, region, category
union all
select n, 'rejects', concat_ws('|', fault, order_id, source, source_partition, source_offset, ingest_ts)
from judged where fault is not null
union all
select n, 'ledger', concat_ws('|', what, count(*), sum(revenue))
from counts group by n, what
union all -- what is 0 is said for partitions that have a ledger
select n, 'ledger', what || '|' || source_partition || '|0|0'
from (select distinct n, source_partition from events) e cross join (values ('out'), ('lost')) w(what)
anti join counts c on c.n = e.n and c.what = w.what || '|' || source_partition;
