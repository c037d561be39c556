{#
  Returns one row per person and place field: the place that is kept, the place somebody verified, and as `conflicts` what was said otherwise.
  A place is resolved to regions before it counts: one that leads nowhere is no value. A community's name is looked for among the children
  of the street its provider serves; where it is not found exactly once the place is known to the street only.
#}
with sighting as (
  {{ sightings('person') }}
),

provided as (
  select uscc, max(region_code) as region_code
  from {{ source('ref', 'department') }}
  where {{ effective() }}
  group by uscc
),

named as (
  select parent_code, name, max(region_code) as region_code
  from {{ source('ref', 'region') }}
  where {{ effective() }}
  group by parent_code, name
  having count(*) = 1
),

placed as (
  select /*+ broadcast(provided), broadcast(named), broadcast(lineage) */
    sighting.*,
    lineage.region_code as value,
    {{ locality_columns() | join(', ') }}
  from sighting
  left join provided on sighting.provider = provided.uscc
  left join named on provided.region_code = named.parent_code and sighting.community_name = named.name
  left join {{ ref('int_region__lineage') }} as lineage
    on coalesce(sighting.place_code, named.region_code, provided.region_code) = lineage.place_code
),

-- what each resource says: its newest row that says where the person is, or that takes it back
said as (
  select
    entity_id,
    field,
    any_value(authority) as authority,
    max(struct(
      valid_from, delivery_no, line, rank, source, batch_id, is_proxy, is_verified, is_withdrawn, confidence, address_id, address_text,
      value, {{ locality_columns() | join(', ') }}
    )) as place
  from placed
  where is_withdrawn or value is not null
  group by entity_id, field, source
),

ordered as (
  select
    entity_id,
    field,
    any_value(authority) as authority,
    array_sort(
      collect_list(place), (one, other) -> one.rank - other.rank
    ) as places
  from said
  where not place.is_withdrawn
  group by entity_id, field
)

select
  entity_id as person_id,
  field,
  places[0] as kept,
  get(filter(places, place -> place.is_verified), 0) as verified,
  transform(
    filter(places, (place, n) -> n > 0 and not place.is_proxy and {{ contradicts('place', 'places[0]') }}),
    lost -> {{ conflict('field', 'authority', 'places[0]', 'lost') }}
  ) as conflicts
from ordered
