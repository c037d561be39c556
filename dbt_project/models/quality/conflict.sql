{{ config(unique_key=['entity', 'entity_id', 'field', 'lost_source']) }}
with lost as (
  select
    value.person_id as entity_id,
    inline(concat(value.conflicts, coalesce(place.conflicts, filter(value.conflicts, said -> false))))
  from {{ ref('int_person__value') }} as value
  left join {{ ref('int_person__place') }} as place on value.person_id = place.person_id
)

select
  sha2(to_json(array('person', entity_id, field, lost_source)), 256) as conflict_id,
  'person' as entity,
  entity_id,
  field,
  authority,
  kept_value,
  kept_source,
  kept_batch_id,
  lost_value,
  lost_source,
  lost_batch_id,
  lost_valid_from
from lost
