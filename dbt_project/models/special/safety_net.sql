{{ config(unique_key=['person_id', 'month']) }}
{#
  People on a list of assistance in the month of the business date, and those who should be on one but are not, with contradictions flagged.
  dbt_project.yml names the lists that require a certificate of disability and the grades of disability that should be helped.
#}
with listed as (
  select
    person_id,
    array_join(array_sort(collect_set(assistance_type)), ',') as assistance_types,
    nullif(array_join(array_sort(collect_set(nullif(case_no, ''))), ','), '') as case_nos,
    sum(amount_yuan) as monthly_amount_yuan,
    count(distinct case when case_no <> '' then coalesce(applicant_person_id, case_no) end) > 1 as is_in_two_households,
    bool_or(assistance_type in ({{ texts(var('certificate_assistance')) }})) as needs_certificate,
    array_join(array_sort(collect_set(source_resource)), ',') as resources,
    max(struct(person_name, id_no, {{ locality_columns() | join(', ') }}, locality_source, locality_confidence)) as said
  from {{ ref('social_assistance') }}
  where month = date_format({{ business_date() }}, 'yyyy-MM')
    and coalesce(status, {{ text(var('assistance_active')) }}) = {{ text(var('assistance_active')) }}
  group by person_id
),

known as (
  select
    *,
    disability_cert_no is not null as has_certificate,
    is_alive and not is_moved_out and coalesce(disability_grade in ({{ texts(var('severe_disability_grades')) }}), false) as is_eligible
  from {{ ref('person') }}
),

label as (
  {{ labels(tables_of(['person.gender_code', 'person.disability_category', 'person.disability_grade'])) }}
),

owner as (
  select distinct person_id from {{ ref('entity_person') }} where is_active
),

judged as (
  select
    coalesce(known.person_id, listed.person_id) as person_id,
    listed.person_id is not null as is_listed,
    listed.assistance_types,
    listed.case_nos,
    listed.monthly_amount_yuan,
    listed.resources,
    listed.said,
    known.*except (person_id),
    known.person_id is not null as is_known,
    listed.person_id is not null
    and coalesce(not known.is_alive and coalesce(trunc(known.death_date, 'MM') < trunc({{ business_date() }}, 'MM'), true), false)
      as is_paid_after_death,
    coalesce(listed.is_in_two_households, false) as is_in_two_households,
    listed.person_id is not null and owner.person_id is not null as is_owning_enterprise,
    listed.person_id is not null and coalesce(known.is_moved_out, false) as is_listed_moved_out,
    coalesce(listed.needs_certificate, false) and not coalesce(known.has_certificate, false) as is_listed_without_certificate,
    listed.person_id is null as is_eligible_not_listed
  from (select * from known where is_eligible or person_id in (select person_id from listed)) as known
  full outer join listed on known.person_id = listed.person_id
  left join owner on listed.person_id = owner.person_id
)

select /*+ broadcast(label) */
  sha2(concat_ws('|', person_id, date_format({{ business_date() }}, 'yyyy-MM')), 256) as safety_id,
  person_id,
  date_format({{ business_date() }}, 'yyyy-MM') as month,
  coalesce(person_name, said.person_name) as person_name,
  coalesce(id_no, said.id_no) as id_no,
  birth_date,
  gender_code,
  {{ label('person.gender_code', 'gender_code') }} as gender_name,
  phone,
  residence_address_id,
  residence_address,
  hukou_address,
  household_no,
  assistance_types,
  cast(monthly_amount_yuan as decimal(18, 2)) as monthly_amount_yuan,
  case_nos,
  disability_category,
  {{ label('person.disability_category', 'disability_category') }} as disability_category_name,
  disability_grade,
  {{ label('person.disability_grade', 'disability_grade') }} as disability_grade_name,
  coalesce(has_certificate, false) as has_certificate,
  is_paid_after_death,
  is_in_two_households,
  is_owning_enterprise,
  is_listed_moved_out as is_moved_out,
  is_listed_without_certificate,
  is_eligible_not_listed,
  {% set flags = ['is_paid_after_death', 'is_in_two_households', 'is_owning_enterprise', 'is_listed_moved_out', 'is_listed_without_certificate',
    'is_eligible_not_listed'] -%}
  {% for flag in flags %}cast({{ flag }} as int){{ ' + ' if not loop.last }}{% endfor %} as flag_count,
  coalesce(is_alive and not is_moved_out, true) as needs_help,
  {% for column in locality_columns() -%}
  case when is_known then {{ column }} else said.{{ column }} end as {{ column }},
  {% endfor -%}
  case when is_known then locality_source else said.locality_source end as locality_source,
  case when is_known then locality_confidence else said.locality_confidence end as locality_confidence,
  to_json(named_struct(
    'assistance', resources,
    'disability_grade', get_json_object(_field_sources, '$.disability_grade'),
    'person_name', get_json_object(_field_sources, '$.person_name'),
    'residence', get_json_object(_field_sources, '$.residence')
  )) as _field_sources
from judged
cross join label
