{{ config(unique_key='uscc') }}
{%- set sources = value_sources('entity', 'value') -%}
{%- do sources.update({'premises': 'premises.kept.source'}) %}
select
  value.uscc,
  {% for name in ['entity_name', 'entity_type_code', 'legal_rep_name', 'legal_rep_id_no', 'legal_rep_person_id'] -%}
  value.{{ name }}.value as {{ name }},
  {% endfor -%}
  try_cast(value.registered_capital.value as decimal(18, 2)) as registered_capital_yuan,
  value.capital_currency.value as capital_currency,
  try_cast(value.establish_date.value as date) as establish_date,
  try_cast(value.term_from.value as date) as term_from,
  try_cast(value.term_to.value as date) as term_to,
  value.term_to is null as is_long_term,
  value.domicile.value as domicile,
  value.premises_address.value as premises_address,
  premises.kept.address_id as premises_address_id,
  {% for name in ['industry_code', 'business_scope', 'registration_authority', 'status_code'] -%}
  value.{{ name }}.value as {{ name }},
  {% endfor -%}
  coalesce(value.status_code.value = {{ text(var('entity_active')) }}, false) as is_active,
  try_cast(value.approve_date.value as date) as approve_date,
  try_cast(value.cancel_date.value as date) as cancel_date,
  {% for column in locality_columns() -%}
  premises.kept.{{ column }} as {{ column }},
  {% endfor -%}
  premises.kept.source as locality_source,
  {{ confidence('premises.kept') }} as locality_confidence,
  {{ field_sources(sources) }} as _field_sources
from {{ ref('int_entity__value') }} as value
left join {{ ref('int_entity__place') }} as premises
  on value.uscc = premises.entity_id and premises.entity = 'entity' and premises.field = 'premises'
