{{ config(unique_key='event_no') }}
with record as (
  {{ records('event') }}
),

handler as (
  select uscc, max_by(name, valid_from) as name from {{ ref('int_ref__department') }} where valid_from <= {{ business_date() }} group by uscc
),

label as (
  {{ labels(tables_of(['event.urgency', 'event.event_class', 'event.source', 'event.status'])) }}
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
)

select
  event_no,
  event_class,
  {{ label('event.event_class', 'event_class') }} as event_class_name,
  event_subclass,
  source,
  {{ label('event.source', 'source') }} as source_name,
  report_at,
  accept_at,
  assign_at,
  finish_at,
  verify_at,
  close_at,
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
  case
    when finish_at >= report_at then cast((unix_timestamp(finish_at) - unix_timestamp(report_at)) / 3600.0D as decimal(9, 2))
  end as handling_hours,
  cast(point.lon as decimal(10, 7)) as lon,
  cast(point.lat as decimal(10, 7)) as lat,
  {{ locality_of('place') }},
  case when place is not null then _resource end as locality_source,
  {{ confidence('place', '3') }} as locality_confidence,
  to_json(named_struct('event', _resource)) as _field_sources
from located
