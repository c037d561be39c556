{{ config(unique_key=['entity', 'entity_id', 'field', 'lost_source']) }}
with conflicts as (
  {%- for entity, declared in authority().items() %}
  select {{ text(entity) }} as entity, {{ declared.id }} as entity_id, conflicts from {{ ref('int_' ~ entity ~ '__value') }}
  union all
  {%- endfor %}
  select entity, entity_id, conflicts from {{ ref('int_entity__place') }}
  union all
  -- a duration below zero says that one of its two moments is wrong; which, nobody knows, so no duration is kept
  select
    'event',
    event_no,
    array({{ conflict("'handling_hours'", '_resource', 'nothing', 'said') }})
  from (
    select
      event_no,
      _resource,
      cast(null as struct<value: string, source: string, batch_id: string>) as nothing,
      named_struct(
        'value', cast({{ handling_hours('report_at', 'finish_at') }} as string), 'source', _resource, 'batch_id', _batch_id, 'valid_from', valid_from
      ) as said
    from (
      {{ records('event') }}
    )
    where finish_at < report_at
  )
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
  lost_valid_from,
  {{ local_time('lost_valid_from') }} as lost_valid_from_local
from lost
