{{ config(unique_key='summary_id') }}
{#
  Counts by district and street. Small cells (`smallCells` of policies.yaml) are suppressed, and enough others that no sum reveals one
  (macro `suppressed`). What has no known district or street is counted in no cell.
#}
{%- set measures = ['residents', 'households', 'elderly', 'disabled', 'assistance_persons', 'entities', 'open_events', 'safety_net_flags'] %}
with region as (
  select lineage.*, named.level, named.name
  from {{ ref('int_region__lineage') }} as lineage
  inner join {{ ref('int_ref__region') }} as named on lineage.region_code = named.region_code and {{ effective() }}
  where lineage.place_code = lineage.region_code and named.level in ('district', 'street')
),

counted as (
  select measure, district_code, street_code, sum(value) as value
  from {{ ref('int_region__count') }}
  where measure in ({{ texts(measures) }})
  group by measure, district_code, street_code
),

cell as (
  select measured.measure, region.*, coalesce(counted.value, 0) as value
  from region
  cross join (select explode(array({{ texts(measures) }})) as measure) as measured
  left join (
    select measure, district_code as code, sum(value) as value from counted group by measure, district_code
    union all
    select measure, street_code, sum(value) from counted group by measure, street_code
  ) as counted on measured.measure = counted.measure and region.region_code = counted.code
),

district_cell as (
  select measure, coalesce(city_code, province_code) as parent_code, region_code, value, false as parent_is_suppressed
  from cell
  where level = 'district'
),

district as (
  {{ suppressed('district_cell', small_cells().under) }}
),

street_cell as (
  select cell.measure, cell.district_code as parent_code, cell.region_code, cell.value, district.is_suppressed as parent_is_suppressed
  from cell
  inner join district on cell.measure = district.measure and cell.district_code = district.region_code
  where cell.level = 'street'
),

judged as (
  select * from district
  union all
  select * from ({{ suppressed('street_cell', small_cells().under) }})
)

select
  sha2(concat_ws('|', cell.level, cell.region_code, cell.measure), 256) as summary_id,
  cell.level as summary_level,
  cell.region_code,
  cell.name as region_name,
  cell.measure,
  case when not judged.is_suppressed then cast(cell.value as int) end as value,
  judged.is_suppressed,
  {{ locality_of('cell') }},
  cast(null as string) as locality_source,
  cast(null as int) as locality_confidence,
  '{}' as _field_sources
from cell
inner join judged on cell.measure = judged.measure and cell.region_code = judged.region_code
