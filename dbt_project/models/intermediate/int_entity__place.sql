{#
  One row per entity and place field: the place that is kept, the place that was verified, and as `conflicts` the places that differ
  from the kept one. A place is resolved to regions before it counts: by its code if that reaches the community; else by standard address;
  else by its text, matched with the standard addresses; else by its code as far as that goes. A place that cannot be resolved is no value.
  A community's name, however it is spelled, is looked up among the communities of the streets its provider serves; unless it is found exactly once, the place is
  known down to the street only, and not even that where the provider serves several.
#}
with provided as (
  {{ provided() }}
),

named as (
  select office.uscc, {{ spelled_alike('region.name') }} as name, max(region.region_code) as region_code
  from {{ ref('int_ref__department') }} as office
  inner join {{ ref('int_ref__region') }} as region on office.region_code = region.parent_code
  where {{ effective('office') }} and {{ effective('region') }}
  group by office.uscc, {{ spelled_alike('region.name') }}
  having count(distinct region.region_code) = 1
),

spelled as (
  select /*+ broadcast(provided), broadcast(named) */
    sighting.*,
    coalesce(sighting.place_code, named.region_code, provided.region_code) as said_code,
    written.key
  from {{ ref('int_entity__sighting') }} as sighting
  left join provided on sighting.provider = provided.uscc
  left join named on sighting.provider = named.uscc and {{ spelled_alike('sighting.community_name') }} = named.name
  left join {{ ref('int_address__text') }} as written on sighting.address_text = written.address_text
),

found as (
  select /*+ broadcast(lineage) */
    spelled.*,
    case when lineage.place_code is not null then {{ regions('lineage') }} end as by_code,
    case when given.province_code is not null then {{ regions('given') }} end as by_address,
    coalesce(room.place, building.place, door.place) as by_text,
    coalesce(
      spelled.address_id,
      case when room.key is not null then room.address_id when building.key is not null then building.address_id else door.address_id end
    ) as found_address_id
  from spelled
  left join {{ ref('int_region__lineage') }} as lineage on spelled.said_code = lineage.place_code
  left join {{ ref('address') }} as given on spelled.address_id = given.address_id
  left join {{ ref('int_address__key') }} as room on spelled.key.room = room.key
  left join {{ ref('int_address__key') }} as building on spelled.key.building = building.key
  left join {{ ref('int_address__key') }} as door on spelled.key.door = door.key
),

placed as (
  select
    *,
    case
      when by_code.community_code is not null then by_code
      when by_address is not null then by_address
      when {{ reach('by_text') }} > {{ reach('by_code') }} then by_text
      else by_code
    end as place
  from found
),

-- the statement of each candidate: its newest row that gives a place or withdraws one
said as (
  select
    entity,
    entity_id,
    field,
    any_value(authority) as authority,
    max(struct(
      valid_from, delivery_no, line, rank, source, batch_id, is_proxy, is_verified, is_withdrawn, confidence,
      case when address_id is not null or not {{ contradicts('by_text', 'place') }} then found_address_id end as address_id,
      address_text,
      coalesce({% for column in locality_columns() | reverse %}place.{{ column }}{{ ', ' if not loop.last }}{% endfor %}) as value,
      {{ locality_of('place') }}
    )) as place
  from placed
  where is_withdrawn or {{ reach('place') }} > 0
  group by entity, entity_id, field, rank
),

ordered as (
  select
    entity,
    entity_id,
    field,
    any_value(authority) as authority,
    array_sort(collect_list(place), (one, other) -> one.rank - other.rank) as places
  from said
  where not place.is_withdrawn
  group by entity, entity_id, field
)

select
  entity,
  entity_id,
  field,
  places[0] as kept,
  get(filter(places, place -> place.is_verified), 0) as verified,
  transform(
    filter(places, (place, n) -> n > 0 and not place.is_proxy and {{ contradicts('place', 'places[0]') }}),
    lost -> {{ conflict('field', 'authority', 'places[0]', 'lost') }}
  ) as conflicts
from ordered
