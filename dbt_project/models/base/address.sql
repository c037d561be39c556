{{ config(unique_key='address_id') }}
with located as (
  select /*+ broadcast(by_grid), broadcast(by_community) */
    value.*,
    {{ cgcs2000('try_cast(value.lon.value as double)', 'try_cast(value.lat.value as double)', 'value.coord_sys.value') }} as point,
    case when by_grid.place_code is not null then value.grid_code.source else value.community_code.source end as place_source,
    {% for column in locality_columns() -%}
    case when by_grid.place_code is not null then by_grid.{{ column }} else by_community.{{ column }} end as place_{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('int_address__value') }} as value
  left join {{ ref('int_region__lineage') }} as by_grid on value.grid_code.value = by_grid.place_code
  left join {{ ref('int_region__lineage') }} as by_community on value.community_code.value = by_community.place_code
)

select
  address_id,
  {% for name in ['full_text', 'road_name', 'door_no', 'estate_name', 'building_no', 'unit_no', 'room_no', 'building_code'] -%}
  {{ name }}.value as {{ name }},
  {% endfor -%}
  cast(point.lon as decimal(10, 7)) as lon,
  cast(point.lat as decimal(10, 7)) as lat,
  status.value as status,
  coalesce(status.value = {{ text(var('address_in_use')) }}, false) as is_active,
  alias.value as alias,
  {% for column in locality_columns() -%}
  place_{{ column }} as {{ column }},
  {% endfor -%}
  case when place_province_code is not null then place_source end as locality_source,
  case when place_street_code is not null then 4 when place_province_code is not null then 1 end as locality_confidence,
  {{ field_sources(value_sources('address', 'located')) }} as _field_sources
from located
