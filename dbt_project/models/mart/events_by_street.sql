{{ config(unique_key='row_id') }}
{# Events by street, class and month of report (local time), with the hours they took. They tell of things, so no count is suppressed. #}
with counted as (
  select
    left(report_at_local, 7) as month,
    {{ street_or_above() }} as place_code,
    event_class,
    max(event_class_name) as event_class_name,
    count(*) as event_count,
    count_if(is_closed) as closed_count,
    count(handling_hours) as handled_count,
    avg(cast(handling_hours as double)) as mean,
    percentile(cast(handling_hours as double), 0.5) as median
  from {{ ref('facility_event') }}
  group by left(report_at_local, 7), {{ street_or_above() }}, event_class
)

select /*+ broadcast(region) */
  sha2(concat_ws('|', counted.month, counted.place_code, counted.event_class), 256) as row_id,
  counted.month,
  counted.event_class,
  counted.event_class_name,
  cast(counted.event_count as int) as event_count,
  cast(counted.closed_count as int) as closed_count,
  cast(counted.handled_count as int) as handled_count,
  cast(counted.mean as decimal(9, 2)) as handling_hours_mean,
  cast(counted.median as decimal(9, 2)) as handling_hours_median,
  {{ street_columns() }}
from counted
left join {{ ref('region_now') }} as region on counted.place_code = region.region_code
