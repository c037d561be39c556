{# Return a text as an SQL literal. #}
{% macro text(value) -%}
  {{ return("'" ~ (value | string | trim | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") }}
{%- endmacro %}

{# Return texts as a list of SQL literals. #}
{% macro texts(values) -%}
  {%- set literals = [] -%}
  {%- for value in values -%}{%- do literals.append(text(value)) -%}{%- endfor -%}
  {{ return(literals | join(', ')) }}
{%- endmacro %}

{# Return the business date as an SQL literal. #}
{% macro business_date() -%}
  {{ return("date'" ~ var('business_date') ~ "'") }}
{%- endmacro %}

{# Return the first instant (UTC) of the local day that lies `days` days before the business date. #}
{% macro days_before(days) -%}
  {{ return('to_utc_timestamp(date_sub(' ~ business_date() ~ ', ' ~ days ~ '), ' ~ text(var('timezone')) ~ ')') }}
{%- endmacro %}

{# Return the rows of a silver table as known at the business date and valid at its end, from the model that computes them once for all. #}
{% macro known(resource) -%}
  select * from {{ ref('int_known__' ~ resource) }}
{%- endmacro %}

{# Return the same rows from the silver table itself. #}
{% macro known_rows(resource) -%}
  select *
  from {{ source('silver', resource) }}
  where _recorded_on <= {{ business_date() }}
    and (_replaced_on is null or _replaced_on > {{ business_date() }})
    and valid_from < timestamp'{{ var('day_end') }}'
    and (valid_to is null or _closed_on > {{ business_date() }} or valid_to >= timestamp'{{ var('day_end') }}')
    and not _deleted
{%- endmacro %}

{# Return the condition that a row of an effective-dated reference table is valid on the business date. #}
{% macro effective(relation=none) -%}
  {%- set of = relation ~ '.' if relation else '' -%}
  {{ of }}valid_from <= {{ business_date() }} and ({{ of }}valid_to is null or {{ of }}valid_to > {{ business_date() }})
{%- endmacro %}
