{{ config(unique_key='person_id') }}
{%- set sources = value_sources('person', 'value') -%}
{%- do sources.update({'residence': 'residence.kept.source'}) %}
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
    when value.hukou_region_code is not null then {{ lies_in('registered', text(var('city_region_code'))) }}
  end as is_local_hukou,
  value.phone.value as phone,
  value.disability_category.value as disability_category,
  value.disability_grade.value as disability_grade,
  value.disability_cert_no.value as disability_cert_no,
  value.death is null as is_alive,
  try_cast(value.death.value as date) as death_date,
  value.death is null and value.death_hint is not null as suspect_deceased,
  value.moving_out is not null as is_moved_out,
  try_cast(value.moving_out.value as date) as move_out_date,
  residence.kept.grid_code as residence_grid_code,
  residence.kept.address_id as residence_address_id,
  coalesce(standard.full_text, residence.kept.address_text) as residence_address,
  {% for column in locality_columns() -%}
  residence.kept.{{ column }} as {{ column }},
  {% endfor -%}
  residence.kept.source as locality_source,
  {{ confidence('residence.kept') }} as locality_confidence,
  {{ field_sources(sources) }} as _field_sources
from {{ ref('int_person__value') }} as value
left join {{ ref('int_entity__place') }} as residence
  on value.person_id = residence.entity_id and residence.entity = 'person' and residence.field = 'residence'
left join {{ ref('address') }} as standard on residence.kept.address_id = standard.address_id
left join {{ ref('int_region__lineage') }} as registered on value.hukou_region_code.value = registered.place_code
