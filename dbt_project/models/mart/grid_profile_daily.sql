{{ config(unique_key=['grid_code', 'profile_date'], scope="profile_date = " ~ business_date()) }}
{# A grid has a row for the dates on which its profile changed: on any other date the last row before it applies. #}
{%- set measures = {
  'resident_count': 'residents', 'household_count': 'households', 'minor_count': 'minors', 'elderly_count': 'elderly',
  'disabled_count': 'disabled', 'entity_count': 'entities', 'address_count': 'addresses', 'open_event_count': 'open_events',
  'closed_event_count': 'closed_events', 'safety_net_count': 'safety_net'} -%}
{%- set said = measures | list + ['pending_resident_count'] + locality_columns()[:5] %}
with counted as (
  select
    grid_code
    {%- for column, measure in measures.items() %},
    cast(coalesce(sum(value) filter (where measure = '{{ measure }}'), 0) as int) as {{ column }}
    {%- endfor %}
  from {{ ref('int_region__count') }}
  where grid_code is not null
  group by grid_code
),

pending as (
  select community_code, cast(sum(value) as int) as pending_resident_count
  from {{ ref('int_region__count') }}
  where measure = 'residents' and community_code is not null and grid_code is null
  group by community_code
),

profile as (
  select
    grid.grid_code,
    {% for column in measures -%}
    coalesce(counted.{{ column }}, 0) as {{ column }},
    {% endfor -%}
    coalesce(pending.pending_resident_count, 0) as pending_resident_count,
    {% for column in locality_columns()[:5] -%}
    grid.{{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('int_region__lineage') }} as grid
  left join counted on grid.grid_code = counted.grid_code
  left join pending on grid.community_code = pending.community_code
  where grid.place_code = grid.grid_code
)

select
  profile.grid_code,
  {{ business_date() }} as profile_date,
  {% for column in said -%}
  profile.{{ column }},
  {% endfor -%}
  cast(null as string) as locality_source,
  cast(null as int) as locality_confidence,
  '{}' as _field_sources
from profile
{%- if load_cached_relation(this) is not none %}
left join (
  select grid_code, max(struct(profile_date, {{ said | join(', ') }})) as last
  from {{ this }}
  where profile_date < {{ business_date() }}
  group by grid_code
) as before on profile.grid_code = before.grid_code
where before.grid_code is null
  {% for column in said %} or not profile.{{ column }} <=> before.last.{{ column }}{% endfor %}
{%- endif %}
