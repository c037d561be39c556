{# Return the rows of a kind of record from all resources that supply it; no rows where no such resource has a contract. #}
{% macro records(kind) -%}
  {%- set declared = declared_records()[kind] -%}
  {% for supplier in declared.suppliers %}
  select
    {{ text(supplier.resource) }} as _resource, _provider, _batch_id, _key, valid_from
    {%- for name, type in declared.columns.items() %},
    {% if supplier.columns[name] %}try_cast({{ supplier.columns[name] }} as {{ type }}){% else %}cast(null as {{ type }}){% endif %} as {{ name }}
    {%- endfor %}
  from ({{ known(supplier.resource) }})
  {{ 'union all' if not loop.last }}
  {%- else %}
  select
    '' as _resource, '' as _provider, '' as _batch_id, '' as _key, timestamp'1970-01-01 00:00:00' as valid_from
    {%- for name, type in declared.columns.items() %}, cast(null as {{ type }}) as {{ name }}{% endfor %}
  where false
  {%- endfor %}
{%- endmacro %}

{#
  Return one row per record of a kind with `versions`: what its resource said of these columns over time, each from `valid_from` on. Only
  resources that have the first of the columns; the others say nothing that changes.
#}
{% macro record_versions(kind, columns) -%}
  {%- set declared = declared_records()[kind] -%}
  {%- set branches = [] -%}
  {%- for supplier in declared.suppliers if supplier.columns[columns[0]] -%}
    {%- set branch %}
  select
    {{ text(supplier.resource) }} as _resource,
    _key,
    collect_list(named_struct(
      'valid_from', valid_from
      {%- for name in columns %},
      '{{ name }}', {% if supplier.columns[name] %}try_cast({{ supplier.columns[name] }} as {{ declared.columns[name] }}){% else %}cast(null as {{ declared.columns[name] }}){% endif %}
      {%- endfor %}
    )) as versions
  from ({{ known_versions(supplier.resource) }})
  group by _key
    {%- endset -%}
    {%- do branches.append(branch) -%}
  {%- endfor -%}
  {%- if not branches -%}
    {%- set branch %}
  select
    '' as _resource,
    '' as _key,
    array(named_struct(
      'valid_from', timestamp'1970-01-01 00:00:00'{% for name in columns %}, '{{ name }}', cast(null as {{ declared.columns[name] }}){% endfor %}
    )) as versions
  where false
    {%- endset -%}
    {%- do branches.append(branch) -%}
  {%- endif -%}
  {{ return(branches | join('\n  union all\n')) }}
{%- endmacro %}

{# Return one row: the labels of the codes of some tables in force at the business date, as a map from `table|code`. #}
{% macro labels(tables) -%}
  select map_from_entries(collect_list(struct(code_table || '|' || code, label_zh))) as labels
  from {{ ref('int_ref__code') }}
  where code_table in ({{ texts(tables | select | list or ['']) }})
    and (valid_from is null or valid_from <= {{ business_date() }}) and (valid_to is null or valid_to > {{ business_date() }})
{%- endmacro %}

{# Return the label of a code; null where no contract ties the column to a code table. The query must select from `labels`. #}
{% macro label(column, code) -%}
  {%- set table = code_tables()[column] -%}
  {%- if table -%}labels[{{ text(table ~ '|') }} || {{ code }}]{%- else -%}cast(null as string){%- endif -%}
{%- endmacro %}

{# Return the code tables of some columns, as the argument for `labels`. #}
{% macro tables_of(columns) -%}
  {%- set tables = [] -%}
  {%- for column in columns -%}{%- do tables.append(code_tables()[column]) -%}{%- endfor -%}
  {{ return(tables | select | list) }}
{%- endmacro %}
