{{ config(unique_key=['person_id', 'role']) }}
with address as (
  select /*+ broadcast(registered) */
    value.person_id,
    explode(filter(
      array(
        named_struct('role', 'hukou', 'place', {{ address('registered', 'value.hukou_address.value', 'value.hukou_region_code.source', '2') }}),
        named_struct('role', 'residence', 'place', {{ kept_address('residence.kept') }}),
        named_struct('role', 'verified', 'place', {{ kept_address('residence.verified') }})
      ),
      stay -> stay.place.source is not null
    )) as stay
  from {{ ref('int_person__value') }} as value
  left join {{ ref('int_entity__place') }} as residence
    on value.person_id = residence.entity_id and residence.entity = 'person' and residence.field = 'residence'
  left join {{ ref('int_region__lineage') }} as registered on value.hukou_region_code.value = registered.place_code
)

select
  person_id,
  stay.role as role,
  stay.place.address_text as address_text,
  stay.place.address_id as address_id,
  {% for column in locality_columns() -%}
  stay.place.{{ column }} as {{ column }},
  {% endfor -%}
  stay.place.source as locality_source,
  {{ confidence('stay.place') }} as locality_confidence,
  to_json(named_struct('address', stay.place.source)) as _field_sources
from address
