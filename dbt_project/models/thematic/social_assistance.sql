{{ config(unique_key=['person_id', 'month', 'assistance_type', 'source_resource', 'case_no']) }}
{#
  A case has a row for every month from its first to its last, but not beyond the month of the business date. A case that ended without a
  last month counts up to the month in which its source ended it. A household's amount is shared equally by its members.

  What a case said at the end of a month (on the business date in the running one) stands in the row of that month: its status, amounts and
  size. Months before its first version were in receipt, for that is what they are rows of; their amounts are those of the first version.
#}
{%- set at_month_end = ['status', 'household_size', 'amount_yuan', 'household_amount_yuan'] %}
{%- set this_month = "trunc(" ~ business_date() ~ ", 'MM')" %}
with record as (
  {{ records('assistance') }}
),

bounded as (
  select
    *,
    try_cast(start_month || '-01' as date) as first_month,
    least(
      {{ this_month }},
      coalesce(
        try_cast(end_month || '-01' as date),
        case when status <> {{ text(var('assistance_active')) }} then trunc(from_utc_timestamp(valid_from, {{ text(var('timezone')) }}), 'MM') end,
        {{ this_month }}
      )
    ) as last_month
  from record
  where person_id is not null
),

monthly as (
  select
    *,
    to_utc_timestamp(add_months(month_begin, 1), {{ text(var('timezone')) }}) as month_end
  from (
    select *, explode(sequence(first_month, last_month, interval 1 month)) as month_begin from bounded where first_month <= last_month
  )
),

said as (
  {{ record_versions('assistance', at_month_end) }}
),

-- known versions begin by the end of the business date, so in the running month the newest one holds
dated as (
  select
    monthly.*,
    said.versions is not null as has_versions,
    array_min(said.versions) as at_first,
    array_max(filter(said.versions, version -> version.valid_from < monthly.month_end)) as at_end
  from monthly
  left join said on monthly._resource = said._resource and monthly._key = said._key
),

held as (
  select
    * except ({{ at_month_end | join(', ') }}),
    {%- for name in at_month_end %}
    case
      when not has_versions then {{ name }}
      when at_end is not null then at_end.{{ name }}
      else {{ text(var('assistance_active')) if name == 'status' else 'at_first.' ~ name }}
    end as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
  from dated
),

provided as (
  {{ provided() }}
),

label as (
  {{ labels(tables_of(['assistance.assistance_type', 'assistance.status', 'assistance.member_relation', 'person.disability_category', 'person.disability_grade'])) }}
),

placed as (
  select /*+ broadcast(provided), broadcast(label) */
    held.*,
    label.labels,
    person.person_id is not null as is_known,
    person.person_name as known_name,
    person.id_no as known_id_no,
    person.disability_category,
    person.disability_grade,
    person._field_sources as known_sources,
    case when person.province_code is not null then {{ regions('person') }} end as lived,
    person.locality_source as lived_source,
    person.locality_confidence as lived_confidence,
    coalesce(held.community_code, held.street_code, provided.region_code) as place_code
  from held
  cross join label
  left join {{ ref('person') }} as person on held.person_id = person.person_id
  left join provided on held._provider = provided.uscc
),

located as (
  select /*+ broadcast(lineage) */
    placed.*,
    case when lineage.place_code is not null then {{ regions('lineage') }} end as recorded
  from placed
  left join {{ ref('int_region__lineage') }} as lineage on placed.lived is null and placed.place_code = lineage.place_code
),

resolved as (
  select *, coalesce(lived, recorded) as place from located
)

select
  person_id,
  date_format(month_begin, 'yyyy-MM') as month,
  assistance_type,
  coalesce({{ label('assistance.assistance_type', 'assistance_type') }}, assistance_type) as assistance_type_name,
  _resource as source_resource,
  coalesce(case_no, '') as case_no,
  coalesce(known_name, person_name) as person_name,
  coalesce(known_id_no, id_no) as id_no,
  applicant_person_id,
  member_relation,
  {{ label('assistance.member_relation', 'member_relation') }} as member_relation_name,
  household_size,
  cast(coalesce(amount_yuan, round(household_amount_yuan / nullif(household_size, 0), 2)) as decimal(18, 2)) as amount_yuan,
  household_amount_yuan,
  status,
  {{ label('assistance.status', 'status') }} as status_name,
  start_month,
  end_month,
  review_due,
  disability_category,
  {{ label('person.disability_category', 'disability_category') }} as disability_category_name,
  disability_grade,
  {{ label('person.disability_grade', 'disability_grade') }} as disability_grade_name,
  {{ locality_of('place') }},
  case when lived is not null then lived_source when recorded is not null then _resource end as locality_source,
  case when lived is not null then lived_confidence else {{ confidence('recorded', '3') }} end as locality_confidence,
  to_json(named_struct(
    'assistance', _resource,
    'disability_grade', get_json_object(known_sources, '$.disability_grade'),
    'id_no', coalesce(get_json_object(known_sources, '$.id_no'), _resource),
    'person_name', coalesce(get_json_object(known_sources, '$.person_name'), _resource)
  )) as _field_sources
from resolved
