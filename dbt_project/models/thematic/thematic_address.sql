{{ config(unique_key='address_id', alias='address') }}
with name as (
  select region_code, max(name) as name from {{ ref('int_ref__region') }} where {{ effective() }} group by region_code
),

resident as (
  select residence_address_id as address_id, count(*) as number
  from {{ ref('person') }}
  where is_alive and not is_moved_out and residence_address_id is not null
  group by residence_address_id
),

entity as (
  select premises_address_id as address_id, count(*) as number
  from {{ ref('legal_entity') }}
  where is_active and premises_address_id is not null
  group by premises_address_id
),

label as (
  {{ labels(tables_of(['address.status'])) }}
)

select /*+ broadcast(label), broadcast(district), broadcast(street), broadcast(community), broadcast(grid) */
  address.address_id,
  address.full_text,
  address.building_code,
  address.status,
  {{ label('address.status', 'address.status') }} as status_name,
  address.is_active,
  cast(coalesce(resident.number, 0) as int) as resident_count,
  cast(coalesce(entity.number, 0) as int) as entity_count,
  address.lon,
  address.lat,
  {{ locality_of('address') }},
  {% for level in ['district', 'street', 'community', 'grid'] -%}
  {{ level }}.name as {{ level }}_name,
  {% endfor -%}
  address.locality_source,
  address.locality_confidence,
  address._field_sources
from {{ ref('address') }} as address
cross join label
left join resident on address.address_id = resident.address_id
left join entity on address.address_id = entity.address_id
{% for level in ['district', 'street', 'community', 'grid'] -%}
left join name as {{ level }} on address.{{ level }}_code = {{ level }}.region_code
{% endfor %}
