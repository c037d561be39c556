{{ config(unique_key='household_no') }}
{# A household lies where its head lives. Of several heads the eldest counts; without a head the pseudonym is null. #}
with member as (
  select
    household_no,
    struct(relation_to_head_code <=> '0' as is_head, -datediff(birth_date, date'1800-01-01') as age, person_id) as rank,
    struct(
      person_id, person_name, hukou_address, {{ locality_columns() | join(', ') }}, locality_source, locality_confidence, _field_sources
    ) as said
  from {{ ref('person') }}
  where household_no is not null and is_alive and not is_moved_out
),

household as (
  select household_no, count(*) as member_count, max(rank).is_head as has_head, max_by(said, rank) as first
  from member
  group by household_no
)

select
  household_no,
  case when has_head then first.person_id end as head_person_id,
  case when has_head then first.person_name end as head_name,
  cast(member_count as int) as member_count,
  first.hukou_address as hukou_address,
  {% for column in locality_columns() -%}
  first.{{ column }} as {{ column }},
  {% endfor -%}
  first.locality_source as locality_source,
  first.locality_confidence as locality_confidence,
  to_json(named_struct(
    'head_name', get_json_object(first._field_sources, '$.person_name'),
    'household_no', get_json_object(first._field_sources, '$.household_no'),
    'hukou_address', get_json_object(first._field_sources, '$.hukou_address')
  )) as _field_sources
from household
