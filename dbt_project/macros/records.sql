{# Return the rows of a kind of record from all resources that supply it; no rows where no such resource has a contract. #}
{% macro records(kind) -%}
  {%- set declared = declared_records()[kind] -%}
  {% for supplier in declared.suppliers %}
  select
    {{ text(supplier.resource) }} as _resource, _provider, valid_from
    {%- for name, type in declared.columns.items() %},
    {% if supplier.columns[name] %}try_cast({{ supplier.columns[name] }} as {{ type }}){% else %}cast(null as {{ type }}){% endif %} as {{ name }}
    {%- endfor %}
  from ({{ known(supplier.resource) }})
  {{ 'union all' if not loop.last }}
  {%- else %}
  select
    '' as _resource, '' as _provider, timestamp'1970-01-01 00:00:00' as valid_from
    {%- for name, type in declared.columns.items() %}, cast(null as {{ type }}) as {{ name }}{% endfor %}
  where false
  {%- endfor %}
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
