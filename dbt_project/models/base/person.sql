{{ config(unique_key='person_id') }}
{%- set fields = fields_of('person', ['value', 'fact']) %}
select /*+ broadcast(registered) */
  value.person_id,
  value.id_no.value as id_no,
  value.person_name.value as person_name,
  value.gender_code.value as gender_code,
  try_cast(value.birth_date.value as date) as birth_date,
  value.ethnicity_code.value as ethnicity_code,
  value.hukou_region_code.value as hukou_region_code,
  value.hukou_address.value as hukou_address,
  value.household_no.value as household_no,
  value.relation_to_head_code.value as relation_to_head_code,
  case
    when value.hukou_region_code is not null then coalesce(registered.city_code = {{ text(var('city_region_code')) }}, false)
  end as is_local_hukou,
  value.phone.value as phone,
  value.death is null as is_alive,
  try_cast(value.death.value as date) as death_date,
  value.moving_out is not null as is_moved_out,
  try_cast(value.moving_out.value as date) as move_out_date,
  residence.kept.grid_code as residence_grid_code,
  residence.kept.address_id as residence_address_id,
  {% for column in locality_columns() -%}
  residence.kept.{{ column }} as {{ column }},
  {% endfor -%}
  residence.kept.source as locality_source,
  {{ confidence('residence.kept') }} as locality_confidence,
  to_json(named_struct(
    {% for name in (fields | list + ['residence']) | sort -%}
    {{ text(name) }}, {{ 'residence.kept' if name == 'residence' else 'value.' ~ name }}.source{{ ', ' if not loop.last }}
    {% endfor -%}
  )) as _field_sources
from {{ ref('int_person__value') }} as value
left join {{ ref('int_person__place') }} as residence on value.person_id = residence.person_id and residence.field = 'residence'
left join {{ ref('int_region__lineage') }} as registered on value.hukou_region_code.value = registered.place_code
