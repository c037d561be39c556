{{ config(unique_key='uscc') }}
with label as (
  {{ labels(tables_of(['entity.entity_type_code', 'entity.status_code', 'entity.capital_currency']) + [var('industry_sections')]) }}
)

select /*+ broadcast(label) */
  entity.uscc,
  entity.entity_name,
  entity.entity_type_code,
  {{ label('entity.entity_type_code', 'entity.entity_type_code') }} as entity_type_name,
  entity.status_code,
  {{ label('entity.status_code', 'entity.status_code') }} as status_name,
  entity.industry_code,
  labels[{{ text(var('industry_sections') ~ '|') }} || left(entity.industry_code, 1)] as industry_name,
  entity.legal_rep_name,
  entity.premises_address,
  entity.premises_address_id,
  entity.domicile,
  entity.establish_date,
  entity.term_to,
  entity.registered_capital_yuan,
  entity.capital_currency,
  {{ label('entity.capital_currency', 'entity.capital_currency') }} as capital_currency_name,
  entity.registration_authority,
  entity.approve_date,
  entity.cancel_date,
  entity.is_active,
  entity.is_active and coalesce(entity.term_to < {{ business_date() }}, false) as is_zombie,
  coalesce({{ plain_address('entity.premises_address') }} <> {{ plain_address('entity.domicile') }}, false) as premises_differs,
  {{ locality_of('entity') }},
  entity.locality_source,
  entity.locality_confidence,
  entity._field_sources
from {{ ref('legal_entity') }} as entity
cross join label
