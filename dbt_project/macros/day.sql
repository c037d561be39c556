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
  {{ known_versions(resource) }}
    and (valid_to is null or _closed_on > {{ business_date() }} or valid_to >= timestamp'{{ var('day_end') }}')
{%- endmacro %}

{# Return the versions of a silver table that began by the end of the business date, as known then; also those that have ended. #}
{% macro known_versions(resource) -%}
  select *
  from {{ source('silver', resource) }}
  where _recorded_on <= {{ business_date() }}
    and (_replaced_on is null or _replaced_on > {{ business_date() }})
    and valid_from < timestamp'{{ var('day_end') }}'
    and not _deleted
{%- endmacro %}

{# Return the condition that a row of an effective-dated reference table is valid on the business date. #}
{% macro effective(relation=none) -%}
  {%- set of = relation ~ '.' if relation else '' -%}
  {{ of }}valid_from <= {{ business_date() }} and ({{ of }}valid_to is null or {{ of }}valid_to > {{ business_date() }})
{%- endmacro %}

{# Return the age of a person on the business date: full years, reached on the birthday (of 29 February: on 1 March). The one definition of age. #}
{% macro full_years(birth_date) -%}
  (
    year({{ business_date() }}) - year({{ birth_date }})
    - cast(date_format({{ business_date() }}, 'MMdd') < date_format({{ birth_date }}, 'MMdd') as int)
  )
{%- endmacro %}

{# Return an age as a band of five years, `70-74`, from a hundred `100+`; null where the age is not known. #}
{% macro age_band(age) -%}
  case
    when {{ age }} >= 100 then '100+'
    when {{ age }} is not null then concat({{ age }} div 5 * 5, '-', {{ age }} div 5 * 5 + 4)
  end
{%- endmacro %}

{# Return an instant as local time of the city, `yyyy-MM-dd HH:mm:ss`: a text, because not every reader of Delta knows a timestamp without zone. #}
{% macro local_time(instant) -%}
  date_format(from_utc_timestamp({{ instant }}, {{ text(var('timezone')) }}), 'yyyy-MM-dd HH:mm:ss')
{%- endmacro %}

{# Return the hours from the report of an event to its finish; below zero where the source contradicts itself. #}
{% macro handling_hours(reported, finished) -%}
  cast((unix_timestamp({{ finished }}) - unix_timestamp({{ reported }})) / 3600.0D as decimal(9, 2))
{%- endmacro %}
