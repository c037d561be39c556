{{ config(unique_key='region_code') }}
{# The regions in force on the business date, each once: to be joined where the versions of `ref.region` would multiply rows. #}
with named as (
  select region_code, max_by(struct(name, level, parent_code, managed_by_code), valid_from) as said
  from {{ ref('int_ref__region') }}
  where {{ effective() }}
  group by region_code
)

select /*+ broadcast(province), broadcast(city), broadcast(district), broadcast(street), broadcast(community) */
  region.region_code,
  region.said.name as name,
  region.said.level as level,
  region.said.parent_code as parent_code,
  region.said.managed_by_code as managed_by_code,
  {% for column in locality_columns()[:5] -%}
  {%- set level = column | replace('_code', '') -%}
  lineage.{{ column }},
  {{ level }}.said.name as {{ level }}_name,
  {% endfor -%}
  lineage.grid_code,
  case when lineage.grid_code is not null then region.said.name end as grid_name,
  concat({% for column in locality_columns()[:5] %}coalesce({{ column | replace('_code', '') }}.said.name, ''), {% endfor %}case when lineage.grid_code is not null then region.said.name else '' end) as full_name
from named as region
inner join {{ ref('int_region__lineage') }} as lineage on region.region_code = lineage.place_code
{% for column in locality_columns()[:5] -%}
{%- set level = column | replace('_code', '') -%}
left join named as {{ level }} on lineage.{{ column }} = {{ level }}.region_code
{% endfor %}
