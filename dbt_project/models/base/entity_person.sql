{{ config(unique_key=['uscc', 'person_id', 'role']) }}
select
  entity.uscc,
  entity.legal_rep_person_id as person_id,
  'legal_rep' as role,
  entity.entity_name,
  coalesce(person.person_name, entity.legal_rep_name) as person_name,
  entity.is_active,
  {{ locality_of('entity') }},
  entity.locality_source,
  entity.locality_confidence,
  to_json(named_struct(
    'entity_name', get_json_object(entity._field_sources, '$.entity_name'),
    'person_id', get_json_object(entity._field_sources, '$.legal_rep_person_id'),
    'person_name', coalesce(get_json_object(person._field_sources, '$.person_name'), get_json_object(entity._field_sources, '$.legal_rep_name'))
  )) as _field_sources
from {{ ref('legal_entity') }} as entity
left join {{ ref('person') }} as person on entity.legal_rep_person_id = person.person_id
where entity.legal_rep_person_id is not null
