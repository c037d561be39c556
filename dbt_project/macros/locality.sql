{# Return the names of the six locality columns, province first. #}
{% macro locality_columns() -%}
  {{ return(['province_code', 'city_code', 'district_code', 'street_code', 'community_code', 'grid_code']) }}
{%- endmacro %}

{# Return the locality columns of a relation, comma-separated. #}
{% macro locality_of(relation) -%}
  {%- for column in locality_columns() -%}{{ relation }}.{{ column }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{# Return the regions of a relation's row as an SQL struct. #}
{% macro regions(relation) -%}
  named_struct({% for column in locality_columns() %}'{{ column }}', {{ relation }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# Return the condition that a relation's row lies in a region, whatever its level; null nowhere: a row without regions lies in none. #}
{% macro lies_in(relation, region_code) -%}
  coalesce({{ region_code }} in ({{ locality_of(relation) }}), false)
{%- endmacro %}

{# Return one row per department in force: `uscc`, and the region it serves; null where it serves several. #}
{% macro provided() -%}
  select uscc, case when count(distinct region_code) = 1 then max(region_code) end as region_code
  from {{ ref('int_ref__department') }}
  where {{ effective() }}
  group by uscc
{%- endmacro %}

{# Return the number of levels down to which a place is known: 0 none, 6 the grid. #}
{% macro reach(place) -%}
  case
    {%- for column in locality_columns() | reverse %}
    when {{ place }}.{{ column }} is not null then {{ 7 - loop.index }}
    {%- endfor %}
    else 0
  end
{%- endmacro %}

{# Return the condition that two places contradict each other: they name different regions at a level known in both. #}
{% macro contradicts(one, other) -%}
  (
    {%- for column in locality_columns() -%}
    coalesce({{ one }}.{{ column }} <> {{ other }}.{{ column }}, false){{ ' or ' if not loop.last }}
    {%- endfor -%}
  )
{%- endmacro %}

{# Return the confidence of a place: that of its source, 1 if no street is known, null without any region. #}
{% macro confidence(place, worth=none) -%}
  case
    when {{ place }}.street_code is not null then {{ worth or place ~ '.confidence' }}
    when coalesce({{ place }}.district_code, {{ place }}.city_code, {{ place }}.province_code) is not null then 1
  end
{%- endmacro %}

{# Return an address as an SQL struct: text, address id, source and its confidence, and the regions. #}
{% macro address(regions, address_text, source, confidence, address_id='cast(null as string)') -%}
  named_struct(
    'address_text', {{ address_text }}, 'address_id', {{ address_id }}, 'source', {{ source }}, 'confidence', {{ confidence }}
    {%- for column in locality_columns() %}, '{{ column }}', {{ regions }}.{{ column }}{% endfor %}
  )
{%- endmacro %}

{# Return the kept place of an entity in the form of `address`. #}
{% macro kept_address(place) -%}
  {{ address(place, place ~ '.address_text', place ~ '.source', place ~ '.confidence', place ~ '.address_id') }}
{%- endmacro %}

{# Return the code of the street a relation's row lies in, or of the region above it as far as that is known; empty for none. #}
{% macro street_or_above() -%}
  coalesce(street_code, district_code, city_code, province_code, '')
{%- endmacro %}

{# Return the street of a mart's row: names of district and street, and the locality columns. The query must select from `region`. #}
{% macro street_columns() -%}
  region.district_name,
  region.street_name,
  {{ locality_of('region') }},
  cast(null as string) as locality_source,
  cast(null as int) as locality_confidence,
  '{}' as _field_sources
{%- endmacro %}
