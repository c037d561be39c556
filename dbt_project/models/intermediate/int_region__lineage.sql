{# One row per code that may stand for a region: the region it means at the end of the business date, and the regions above it. #}
{%- set successions = 3 -%}
{%- set levels = locality_columns() -%}
with effective as (
  select region_code, level, parent_code from {{ ref('int_ref__region') }} where {{ effective() }}
),

-- every code that ever existed, with its successor if it was abolished
known as (
  select region_code, max_by(successor_code, valid_from) as successor_code
  from {{ ref('int_ref__region') }}
  where valid_from <= {{ business_date() }}
  group by region_code
),

meant as (
  select /*+ broadcast(e0) {%- for n in range(1, successions + 1) %}, broadcast(k{{ n }}), broadcast(e{{ n }}){% endfor %} */
    k0.region_code,
    coalesce(e0.region_code{% for n in range(1, successions + 1) %}, e{{ n }}.region_code{% endfor %}) as current_code
  from known as k0
  left join effective as e0 on k0.region_code = e0.region_code
  {%- for n in range(1, successions + 1) %}
  left join known as k{{ n }} on e{{ n - 1 }}.region_code is null and k{{ n - 1 }}.successor_code = k{{ n }}.region_code
  left join effective as e{{ n }} on k{{ n }}.region_code = e{{ n }}.region_code
  {%- endfor %}
),

above as (
  select /*+ broadcast(a1), broadcast(a2), broadcast(a3), broadcast(a4), broadcast(a5) */
    a0.region_code
    {%- for column in levels %},
    coalesce(
      {%- for n in range(6) %}
      case when a{{ n }}.level = '{{ column | replace('_code', '') }}' then a{{ n }}.region_code end{{ ',' if not loop.last }}
      {%- endfor %}
    ) as {{ column }}
    {%- endfor %}
  from effective as a0
  {%- for n in range(1, 6) %}
  left join effective as a{{ n }} on a{{ n - 1 }}.parent_code = a{{ n }}.region_code
  {%- endfor %}
)

-- a code that is known down to the street only is often padded to twelve digits
select /*+ broadcast(above) */
  explode(array_distinct(array(meant.region_code, rpad(meant.region_code, greatest(length(meant.region_code), 12), '0')))) as place_code,
  above.*
from meant
inner join above on meant.current_code = above.region_code
