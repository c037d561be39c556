{{ config(unique_key=['place_code', 'profile_date'], scope="profile_date = " ~ business_date(), filled={'place_code': 'grid_code'}) }}
{#
  A place is a grid, or what is known of the place of people and things whose grid is not: each is counted at one place, so sums are right.
  A place has a row for the dates on which its profile changed: on any other date the last row before it applies. A place with nothing left
  has a row of zeros.
#}
{%- set measures = {
  'resident_count': 'residents', 'household_count': 'households', 'minor_count': 'minors', 'elderly_count': 'elderly',
  'disabled_count': 'disabled', 'entity_count': 'entities', 'address_count': 'addresses', 'open_event_count': 'open_events',
  'closed_event_count': 'closed_events', 'safety_net_count': 'safety_net'} -%}
{%- set counts = measures | list + ['pending_resident_count'] %}
{%- set said = counts + locality_columns() %}
{%- set deepest = 'coalesce(' ~ locality_columns() | reverse | join(', ') ~ ", '')" %}
{%- set has_before = load_cached_relation(this) is not none %}
with counted as (
  select {{ deepest }} as place_code, measure, value, true as is_present, struct({{ locality_columns() | join(', ') }}) as place
  from {{ ref('int_region__count') }}
  union all
  select grid_code, null, 0, true, struct({{ locality_columns() | join(', ') }})
  from {{ ref('int_region__lineage') }}
  where place_code = grid_code
  {%- if has_before %}
  union all
  select place_code, null, 0, false, max_by(struct({{ locality_columns() | join(', ') }}), profile_date)
  from {{ this }}
  where profile_date < {{ business_date() }}
  group by place_code
  {%- endif %}
),

placed as (
  select
    place_code,
    max_by(place, is_present) as place
    {%- for column, measure in measures.items() %},
    cast(coalesce(sum(value) filter (where measure = '{{ measure }}'), 0) as int) as {{ column }}
    {%- endfor %}
  from counted
  group by place_code
),

profile as (
  select
    *,
    case when place.grid_code is null then resident_count else 0 end as pending_resident_count,
    {{ locality_of('place') }}
  from placed
)

select
  profile.place_code,
  profile.grid_code is null as is_pending,
  {{ business_date() }} as profile_date,
  {% for column in said -%}
  profile.{{ column }},
  {% endfor -%}
  cast(null as string) as locality_source,
  cast(null as int) as locality_confidence,
  '{}' as _field_sources
from profile
{%- if has_before %}
left join (
  select place_code, max(struct(profile_date, {{ said | join(', ') }})) as last
  from {{ this }}
  where profile_date < {{ business_date() }}
  group by place_code
) as before on profile.place_code = before.place_code
where before.place_code is null
  {% for column in said %} or not profile.{{ column }} <=> before.last.{{ column }}{% endfor %}
{%- endif %}
