{{ config(unique_key='row_id', scope="month = date_format(" ~ business_date() ~ ", 'yyyy-MM')") }}
{#
  Residents by street, gender and age band on the business date; a month keeps what its last business date said. Small cells are suppressed,
  and enough others that the street's total (mart.region_summary) reveals none. Who has no known street is counted in rows without one.
#}
with resident as (
  select {{ street_or_above() }} as place_code, gender_code, {{ full_years('birth_date') }} as age
  from {{ ref('person') }}
  where is_alive and not is_moved_out
),

banded as (
  select place_code, gender_code, {{ age_band('age') }} as age_band from resident
),

counted as (
  select
    place_code, gender_code, age_band, concat(coalesce(gender_code, ''), '|', coalesce(age_band, '')) as cell_code, count(*) as people
  from banded
  group by place_code, gender_code, age_band
),

cell as (
  select
    'people' as measure,
    counted.place_code as parent_code,
    counted.cell_code as region_code,
    counted.people as value,
    coalesce(total.is_suppressed, false) as parent_is_suppressed
  from counted
  left join {{ ref('region_summary') }} as total on counted.place_code = total.region_code and total.measure = 'residents'
),

judged as (
  {{ suppressed('cell', small_cells().under) }}
),

label as (
  {{ labels(tables_of(['person.gender_code'])) }}
)

select /*+ broadcast(label), broadcast(region) */
  sha2(concat_ws('|', date_format({{ business_date() }}, 'yyyy-MM'), counted.place_code, counted.cell_code), 256) as row_id,
  date_format({{ business_date() }}, 'yyyy-MM') as month,
  counted.gender_code,
  {{ label('person.gender_code', 'counted.gender_code') }} as gender_name,
  counted.age_band,
  case when not judged.is_suppressed then cast(counted.people as int) end as people_count,
  judged.is_suppressed,
  {{ street_columns() }}
from counted
inner join judged on counted.place_code = judged.parent_code and counted.cell_code = judged.region_code
cross join label
left join {{ ref('region_now') }} as region on counted.place_code = region.region_code
