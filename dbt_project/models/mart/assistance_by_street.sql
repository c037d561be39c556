{{ config(unique_key='row_id') }}
{#
  People who received assistance in a month, and what they received, by street and type; every month as known on the business date. Small
  counts are suppressed with their amounts, and enough others that no sum reveals one.
#}
with counted as (
  select
    month,
    {{ street_or_above() }} as place_code,
    assistance_type,
    max(assistance_type_name) as assistance_type_name,
    count(distinct person_id) as people,
    sum(amount_yuan) as amount_yuan
  from {{ ref('social_assistance') }}
  where coalesce(status, {{ text(var('assistance_active')) }}) = {{ text(var('assistance_active')) }}
  group by month, {{ street_or_above() }}, assistance_type
),

cell as (
  select
    counted.month as measure,
    counted.place_code as parent_code,
    counted.assistance_type as region_code,
    counted.people as value,
    coalesce(total.is_suppressed, false) as parent_is_suppressed
  from counted
  left join {{ ref('region_summary') }} as total
    on
      counted.place_code = total.region_code
      and total.measure = 'assistance_persons'
      and counted.month = date_format({{ business_date() }}, 'yyyy-MM')
),

judged as (
  {{ suppressed('cell', small_cells().under) }}
)

select /*+ broadcast(region) */
  sha2(concat_ws('|', counted.month, counted.place_code, counted.assistance_type), 256) as row_id,
  counted.month,
  counted.assistance_type,
  counted.assistance_type_name,
  case when not judged.is_suppressed then cast(counted.people as int) end as people_count,
  case when not judged.is_suppressed then cast(counted.amount_yuan as decimal(18, 2)) end as amount_yuan,
  judged.is_suppressed,
  {{ street_columns() }}
from counted
inner join judged
  on counted.month = judged.measure and counted.place_code = judged.parent_code and counted.assistance_type = judged.region_code
left join {{ ref('region_now') }} as region on counted.place_code = region.region_code
