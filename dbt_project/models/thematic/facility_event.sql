{{ config(unique_key='event_no') }}
{# The addresses of a building share a point: of those nearest to an event, the one with the shortest text is named. #}
{%- set near_m = 200 %}
with record as (
  {{ records('event') }}
),

handler as (
  select uscc, max_by(name, valid_from) as name from {{ ref('int_ref__department') }} where valid_from <= {{ business_date() }} group by uscc
),

label as (
  {{ labels(tables_of(['event.urgency', 'event.event_class', 'event.source', 'event.status'])) }}
),

-- the points of a grid as one row, so that the nearest one is found without a row per event and address
grid as (
  select grid_code, collect_list(struct(lon, lat, said)) as points
  from (
    select grid_code, cast(lon as double) as lon, cast(lat as double) as lat, min(struct(length(full_text) as size, full_text)) as said
    from {{ ref('address') }}
    where is_active and grid_code is not null and lon is not null and lat is not null and full_text is not null
    group by grid_code, lon, lat
  )
  group by grid_code
),

located as (
  select /*+ broadcast(handler), broadcast(lineage), broadcast(label) */
    record.*,
    label.labels,
    coalesce(handler.name, entity.entity_name) as handler_name,
    {{ cgcs2000('record.lon', 'record.lat', 'record.coord_sys') }} as point,
    case when lineage.place_code is not null then {{ regions('lineage') }} end as place
  from record
  cross join label
  left join handler on record.handler_uscc = handler.uscc
  left join {{ ref('legal_entity') }} as entity on record.handler_uscc = entity.uscc
  left join {{ ref('int_region__lineage') }} as lineage on record.grid_code = lineage.place_code
),

measured as (
  select
    located.*,
    array_min(transform(
      filter(grid.points, address -> {{ distance_m('located.point', 'address') }} <= {{ near_m }}),
      address -> struct(cast(round({{ distance_m('located.point', 'address') }}) as int) as metres, address.said)
    )) as near
  from located
  left join grid on located.place.grid_code = grid.grid_code
)

select
  event_no,
  event_class,
  {{ label('event.event_class', 'event_class') }} as event_class_name,
  event_subclass,
  source,
  {{ label('event.source', 'source') }} as source_name,
  report_at,
  {{ local_time('report_at') }} as report_at_local,
  accept_at,
  {{ local_time('accept_at') }} as accept_at_local,
  assign_at,
  {{ local_time('assign_at') }} as assign_at_local,
  finish_at,
  {{ local_time('finish_at') }} as finish_at_local,
  verify_at,
  {{ local_time('verify_at') }} as verify_at_local,
  close_at,
  {{ local_time('close_at') }} as close_at_local,
  urgency,
  {{ label('event.urgency', 'urgency') }} as urgency_name,
  status,
  {{ label('event.status', 'status') }} as status_name,
  result,
  handler_uscc,
  handler_name,
  description,
  reopened_times,
  photo_count,
  coalesce(status = {{ text(var('event_closed')) }}, false) as is_closed,
  case when finish_at >= report_at then {{ handling_hours('report_at', 'finish_at') }} end as handling_hours,
  cast(point.lon as decimal(10, 7)) as lon,
  cast(point.lat as decimal(10, 7)) as lat,
  near.said.full_text as near_address,
  near.metres as near_address_m,
  {{ locality_of('place') }},
  case when place is not null then _resource end as locality_source,
  {{ confidence('place', '3') }} as locality_confidence,
  to_json(named_struct('event', _resource)) as _field_sources
from measured
