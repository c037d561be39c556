{# Returns an SQL condition: each named column holds one of its values. #}
{% macro holds(conditions) -%}
  {%- if not conditions -%}true{%- endif -%}
  {%- for name, values in conditions.items() -%}
    cast({{ name }} as string) in ({{ texts(values) }}){{ ' and ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{# Returns the first non-empty of some columns as text. #}
{% macro first_text(columns) -%}
  {%- if columns -%}coalesce({%- for name in columns -%}cast({{ name }} as string){{ ', ' if not loop.last }}{%- endfor -%})
  {%- else -%}cast(null as string){%- endif -%}
{%- endmacro %}

{# Returns the condition that a row is not too old for a candidate. #}
{% macro fresh(candidate) -%}
  {%- if candidate.max_age_days -%}valid_from >= {{ days_before(candidate.max_age_days) }}{%- else -%}true{%- endif -%}
{%- endmacro %}

{# Returns the fields of an entity whose kind is one of those given. #}
{% macro fields_of(entity, kinds) -%}
  {%- set fields = {} -%}
  {%- for name, field in authority()[entity].fields.items() if field.kind in kinds and field.candidates -%}
    {%- do fields.update({name: field}) -%}
  {%- endfor -%}
  {{ return(fields) }}
{%- endmacro %}

{# Returns one row per entity: what a resource says of each value or fact it is a candidate for, newest non-empty first. #}
{% macro offers(entity, resource) -%}
  {%- set declared = authority()[entity] -%}
  select
    {{ declared.id }} as entity_id
    {%- for name, field in fields_of(entity, ['value', 'fact']).items() %}
      {%- for candidate in field.candidates if candidate.resource == resource %}
        {%- set value = first_text(candidate.columns.values() | first) %},
    max(named_struct(
      'valid_from', valid_from, 'delivery_no', _delivery_no, 'line', _source_line, 'batch_id', _batch_id,
      'source', {{ text(resource) }}, 'is_proxy', {{ candidate.proxy }}, 'value', {{ value }}
    )) filter (where {{ holds(candidate.when) }} and {{ fresh(candidate) }}
      {%- if field.kind == 'value' %} and {{ value }} is not null{% endif %}) as {{ name }}
      {%- endfor %}
    {%- endfor %}
  from ({{ known(resource) }})
  where {{ declared.id }} is not null
  group by {{ declared.id }}
{%- endmacro %}

{# Returns the rows of all resources that may say where an entity is, one per source row: the place as its source spells it. #}
{% macro sightings(entity) -%}
  {%- set declared = authority()[entity] -%}
  {%- set branches = [] -%}
  {%- for name, field in fields_of(entity, ['place']).items() -%}
    {%- for candidate in field.candidates -%}
      {%- set branch %}
  select
    {{ declared.id }} as entity_id, {{ text(name) }} as field, {{ text(field.authority) }} as authority, {{ candidate.rank }} as rank,
    {{ text(candidate.resource) }} as source, _batch_id as batch_id, valid_from, _delivery_no as delivery_no, _source_line as line,
    {{ candidate.proxy }} as is_proxy, {{ candidate.verified }} as is_verified, {{ candidate.confidence }} as confidence,
    {% if candidate.withdrawn %}coalesce({{ holds(candidate.withdrawn) }}, false){% else %}false{% endif %} as is_withdrawn,
    {% set codes = [candidate.place.grid, candidate.place.code] | select | list -%}
    {{ first_text(codes) }} as place_code,
    {% if candidate.place.community_name %}_provider{% else %}cast(null as string){% endif %} as provider,
    {{ first_text([candidate.place.community_name] | select | list) }} as community_name,
    {{ first_text(candidate.columns.address_id) }} as address_id,
    {{ first_text(candidate.columns.address_text) }} as address_text
  from ({{ known(candidate.resource) }})
  where {{ declared.id }} is not null and {{ fresh(candidate) }}
    and ({{ holds(candidate.when) }}{% if candidate.withdrawn %} or {{ holds(candidate.withdrawn) }}{% endif %})
      {%- endset -%}
      {%- do branches.append(branch) -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(branches | join('\n  union all\n')) }}
{%- endmacro %}

{# Returns one conflict as an SQL struct: what was kept and what lost. #}
{% macro conflict(field, authority, kept, lost) -%}
  named_struct(
    'field', {{ field }}, 'authority', {{ authority }},
    'kept_value', {{ kept }}.value, 'kept_source', {{ kept }}.source, 'kept_batch_id', {{ kept }}.batch_id,
    'lost_value', {{ lost }}.value, 'lost_source', {{ lost }}.source, 'lost_batch_id', {{ lost }}.batch_id,
    'lost_valid_from', {{ lost }}.valid_from
  )
{%- endmacro %}
