{# One row per measure and place (as far as it is known) with the count. #}
{%- set measured = locality_columns() | join(', ') %}
with counted as (
  select
    explode(array_compact(array(
      'residents',
      case when {{ full_years('birth_date') }} < 18 then 'minors' end,
      case when {{ full_years('birth_date') }} >= 60 then 'elderly' end,
      case when disability_cert_no is not null then 'disabled' end
    ))) as measure,
    {{ measured }}
  from {{ ref('person') }}
  where is_alive and not is_moved_out
  union all
  select 'households', {{ measured }} from {{ ref('household') }}
  union all
  select 'entities', {{ measured }} from {{ ref('legal_entity') }} where is_active
  union all
  select 'addresses', {{ measured }} from {{ ref('address') }} where is_active
  union all
  select case when is_closed then 'closed_events' else 'open_events' end, {{ measured }} from {{ ref('facility_event') }}
  union all
  select
    explode(array_compact(array(
      'safety_net',
      case when assistance_types is not null then 'assistance_persons' end,
      case when flag_count > 0 then 'safety_net_flags' end
    ))),
    {{ measured }}
  from {{ ref('safety_net') }}
)

select measure, {{ measured }}, count(*) as value
from counted
group by measure, {{ measured }}
