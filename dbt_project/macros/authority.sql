{# Return an SQL condition: each named column holds one of its values. #}
{% macro holds(conditions) -%}
  {%- if not conditions -%}true{%- endif -%}
  {%- for name, values in conditions.items() -%}
    cast({{ name }} as string) in ({{ texts(values) }}){{ ' and ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{# Return the condition that a row withdraws what its resource said before. #}
{% macro takes_back(candidate) -%}
  {%- if candidate.withdrawn -%}coalesce({{ holds(candidate.withdrawn) }}, false){%- else -%}false{%- endif -%}
{%- endmacro %}

{# Return the condition that a row broke none of the rules that make its value unusable (`unless` in authority.yaml). #}
{% macro sound(candidate) -%}
  {%- if candidate.unless -%}not coalesce(arrays_overlap(_flags, array({{ texts(candidate.unless) }})), false){%- else -%}true{%- endif -%}
{%- endmacro %}

{# Return the condition that a row offers a value for a candidate, or withdraws one. #}
{% macro counts(candidate) -%}
  {{ fresh(candidate) }} and {{ sound(candidate) }} and ({{ holds(candidate.when) }}{% if candidate.withdrawn %} or {{ takes_back(candidate) }}{% endif %})
{%- endmacro %}

{# Return the first of these columns that is not null, as text. #}
{% macro first_text(columns) -%}
  {%- if columns -%}coalesce({%- for name in columns -%}cast({{ name }} as string){{ ', ' if not loop.last }}{%- endfor -%})
  {%- else -%}cast(null as string){%- endif -%}
{%- endmacro %}

{# Return the condition that a row is not too old for a candidate. #}
{% macro fresh(candidate) -%}
  {%- if candidate.max_age_days -%}valid_from >= {{ days_before(candidate.max_age_days) }}{%- else -%}true{%- endif -%}
{%- endmacro %}

{# Return the fields of an entity that are of the given kinds, including fields without a candidate. #}
{% macro fields_of(entity, kinds) -%}
  {%- set fields = {} -%}
  {%- for name, field in authority()[entity].fields.items() if field.kind in kinds -%}
    {%- do fields.update({name: field}) -%}
  {%- endfor -%}
  {{ return(fields) }}
{%- endmacro %}

{# Return one row per entity: the newest offer of a resource for each value (not null) or fact for which it is a candidate. #}
{% macro offers(entity, resource) -%}
  {%- set declared = authority()[entity] -%}
  select
    {{ declared.id }} as entity_id
    {%- for name, field in fields_of(entity, ['value', 'fact']).items() %}
      {%- for candidate in field.candidates if candidate.resource == resource %}
        {%- set value = first_text(candidate.columns.values() | first) %},
    max(named_struct(
      'valid_from', valid_from, 'delivery_no', _delivery_no, 'line', _source_line, 'batch_id', _batch_id,
      'source', {{ text(resource) }}, 'is_proxy', {{ candidate.proxy }}, 'is_withdrawn', {{ takes_back(candidate) }}, 'value', {{ value }}
    )) filter (where {{ counts(candidate) }}
      {%- if field.kind == 'value' %} and {{ value }} is not null{% endif %}) as {{ name }}
      {%- endfor %}
    {%- endfor %}
  from ({{ known(resource) }})
  where {{ declared.id }} is not null
  group by {{ declared.id }}
{%- endmacro %}

{# Return the offers of one field in the order of its candidates; an empty list where the field has no candidate. #}
{% macro offered(field, resources) -%}
  {%- if field.candidates -%}
    filter(
      array({% for candidate in field.candidates %}offer_{{ resources.index(candidate.resource) + 1 }}.{{ field.name }}{{ ', ' if not loop.last }}{% endfor %}),
      said -> said is not null and not said.is_withdrawn
    )
  {%- else -%}
    cast(array() as array<struct<
      valid_from: timestamp, delivery_no: int, line: bigint, batch_id: string, source: string, is_proxy: boolean, is_withdrawn: boolean, value: string
    >>)
  {%- endif -%}
{%- endmacro %}

{#
  Return one row per entity: for each value and fact the offer that is kept (null: no resource offers one), and as `conflicts` the offers
  that differ from it, not only in how they are spelled.
#}
{% macro golden_values(entity) -%}
{%- set declared = authority()[entity] -%}
{%- set fields = fields_of(entity, ['value', 'fact']) -%}
with defined as (
  {% for definition in declared.defined_by -%}
  select {{ declared.id }} as entity_id from ({{ known(definition.resource) }}) where {{ declared.id }} is not null and {{ holds(definition.when) }}
  {% if not loop.last %}union{% elif loop.length == 1 %}group by {{ declared.id }}{% endif %}
  {% else -%}
  select cast(null as string) as entity_id where false
  {% endfor %}
),
{% for resource in declared.resources %}
offer_{{ loop.index }} as (
  {{ offers(entity, resource) }}
),
{% endfor %}
offered as (
  select
    defined.entity_id
    {%- for name, field in fields.items() %},
    {{ offered({'name': name, 'candidates': field.candidates}, declared.resources) }} as {{ name }}
    {%- endfor %}
  from defined
  {% for resource in declared.resources -%}
  left join offer_{{ loop.index }} on defined.entity_id = offer_{{ loop.index }}.entity_id
  {% endfor %}
)

select
  entity_id as {{ declared.id }},
  {% for name in fields %}
  get({{ name }}, 0) as {{ name }},
  {% endfor %}
  {#- the first offer is kept; a later one that differs and is no proxy is a conflict -#}
  concat(
    {% for name, field in fields.items() -%}
    transform(
      filter({{ name }}, (said, n) -> n > 0 and not said.is_proxy and not ({{ same_value(field, 'said.value', name ~ '[0].value') }})),
      lost -> {{ conflict(text(name), text(field.authority), name ~ '[0]', 'lost') }}
    ){{ ',' if not loop.last }}
    {% endfor %}
  ) as conflicts
from offered
{%- endmacro %}

{# Return one row per source row and candidate for a place of an entity, with the place as the source writes it. #}
{% macro sightings() -%}
  {%- set branches = [] -%}
  {%- for entity in authority() -%}
    {%- for name, field in fields_of(entity, ['place']).items() -%}
      {%- for candidate in field.candidates -%}
        {%- do branches.append(sighting(entity, {'name': name, 'authority': field.authority}, candidate)) -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- if not branches -%}{%- do branches.append(no_sighting()) -%}{%- endif -%}
  {{ return(branches | join('\n  union all\n')) }}
{%- endmacro %}

{# Return the rows of one candidate for the place of an entity. #}
{% macro sighting(entity, field, candidate) -%}
  {%- set id = authority()[entity].id -%}
  {%- set place = candidate.place %}
  select
    {{ text(entity) }} as entity, {{ id }} as entity_id, {{ text(field.name) }} as field, {{ text(field.authority) }} as authority,
    {{ candidate.rank }} as rank, {{ text(candidate.resource) }} as source, _batch_id as batch_id, valid_from, _delivery_no as delivery_no,
    _source_line as line, {{ candidate.proxy }} as is_proxy, {{ candidate.verified }} as is_verified, {{ candidate.confidence }} as confidence,
    {{ takes_back(candidate) }} as is_withdrawn,
    {{ first_text((place.grid or []) + (place.code or [])) }} as place_code,
    {% if place.community_name %}_provider{% else %}cast(null as string){% endif %} as provider,
    {{ first_text(place.community_name) }} as community_name,
    {{ first_text(place.address_id) }} as address_id,
    {{ first_text(place.address_text) }} as address_text
  from ({{ known(candidate.resource) }})
  where {{ id }} is not null and {{ counts(candidate) }}
{%- endmacro %}

{# Return an empty result with the columns of `sighting`, for when no contracted resource supplies a place. #}
{% macro no_sighting() %}
  select
    '' as entity, '' as entity_id, '' as field, '' as authority, 0 as rank, '' as source, '' as batch_id, timestamp'1970-01-01 00:00:00' as valid_from,
    0 as delivery_no, 0L as line, false as is_proxy, false as is_verified, 0 as confidence, false as is_withdrawn, '' as place_code,
    '' as provider, '' as community_name, '' as address_id, '' as address_text
  where false
{%- endmacro %}

{# Return one conflict as an SQL struct: the value that was kept and the value that lost. #}
{% macro conflict(field, authority, kept, lost) -%}
  named_struct(
    'field', {{ field }}, 'authority', {{ authority }},
    'kept_value', {{ kept }}.value, 'kept_source', {{ kept }}.source, 'kept_batch_id', {{ kept }}.batch_id,
    'lost_value', {{ lost }}.value, 'lost_source', {{ lost }}.source, 'lost_batch_id', {{ lost }}.batch_id,
    'lost_valid_from', {{ lost }}.valid_from
  )
{%- endmacro %}

{# Return canonical JSON: field -> resource its value was taken from. #}
{% macro field_sources(sources) -%}
  to_json(named_struct({% for name, source in sources | dictsort %}{{ text(name) }}, {{ source }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}

{# Return the sources of an entity's values, as the argument for `field_sources`. #}
{% macro value_sources(entity, relation) -%}
  {%- set sources = {} -%}
  {%- for name in fields_of(entity, ['value', 'fact']) -%}{%- do sources.update({name: relation ~ '.' ~ name ~ '.source'}) -%}{%- endfor -%}
  {{ return(sources) }}
{%- endmacro %}
