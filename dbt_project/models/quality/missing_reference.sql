{{ config(unique_key=['resource', 'row_key', 'column_name']) }}
{# References of a row to something no library has: a warning for its provider. Computed each day, so order of arrival does not matter. #}
{%- set targets = references() | map(attribute='to') | unique | list %}
with referring as (
  {% for reference in references() %}
  select
    {{ text(reference.resource) }} as resource, _key as row_key, {{ text(reference.column) }} as column_name, {{ text(reference.to) }} as target,
    _provider as provider, _batch_id as batch_id, {{ reference.compared }} as said
  from ({{ known(reference.resource) }})
  where {{ reference.compared }} is not null
  {{ 'union all' if not loop.last }}
  {% else %}
  select '' as resource, '' as row_key, '' as column_name, '' as target, '' as provider, '' as batch_id, '' as said where false
  {% endfor %}
),

existing as (
  {% for target in targets %}
  select {{ text(target) }} as target, {{ authority()[target].id }} as said from {{ ref(authority()[target].library) }}
  {{ 'union all' if not loop.last }}
  {% else %}
  select '' as target, '' as said where false
  {% endfor %}
)

select referring.resource, referring.row_key, referring.column_name, referring.target, referring.provider, referring.batch_id
from referring
left anti join existing on referring.target = existing.target and referring.said = existing.said
