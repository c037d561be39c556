{{ config(unique_key=['entity', 'entity_id', 'field', 'lost_source']) }}
with conflicts as (
  {%- for entity, declared in authority().items() %}
  select {{ text(entity) }} as entity, {{ declared.id }} as entity_id, conflicts from {{ ref('int_' ~ entity ~ '__value') }}
  union all
  {%- endfor %}
  select entity, entity_id, conflicts from {{ ref('int_entity__place') }}
),

lost as (
  select entity, entity_id, inline(conflicts) from conflicts
)

select
  sha2(to_json(array(entity, entity_id, field, lost_source)), 256) as conflict_id,
  entity,
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
