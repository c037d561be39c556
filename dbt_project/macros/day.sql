{# Returns a text as an SQL literal. #}
{% macro text(value) -%}
  {{ return("'" ~ (value | string | trim | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") }}
{%- endmacro %}

{# Returns texts as a list of SQL literals. #}
{% macro texts(values) -%}
  {%- set literals = [] -%}
  {%- for value in values -%}{%- do literals.append(text(value)) -%}{%- endfor -%}
  {{ return(literals | join(', ')) }}
{%- endmacro %}

{# Returns the business date as an SQL literal. #}
{% macro business_date() -%}
  {{ return("date'" ~ var('business_date') ~ "'") }}
{%- endmacro %}

{# Returns the first instant of the local day so many days before the business date. #}
{% macro days_before(days) -%}
  {{ return('to_utc_timestamp(date_sub(' ~ business_date() ~ ', ' ~ days ~ '), ' ~ text(var('timezone')) ~ ')') }}
{%- endmacro %}

{# Returns the rows of a silver table as known at the business date and valid at its end, from where they were put once for all models. #}
{% macro known(resource) -%}
  select * from {{ ref('int_known__' ~ resource) }}
{%- endmacro %}

{# Returns these rows from the table itself. #}
{% macro known_rows(resource) -%}
  select *
  from {{ source('silver', resource) }}
  where _recorded_on <= {{ business_date() }}
    and (_replaced_on is null or _replaced_on > {{ business_date() }})
    and valid_from < timestamp'{{ var('day_end') }}'
    and (valid_to is null or _closed_on > {{ business_date() }} or valid_to >= timestamp'{{ var('day_end') }}')
    and not _deleted
{%- endmacro %}

{# Returns the condition under which a row of an effective-dated reference table holds at the end of the business date. #}
{% macro effective() -%}
  valid_from <= {{ business_date() }} and (valid_to is null or valid_to > {{ business_date() }})
{%- endmacro %}
