{#
  Returns one row per person: per value and fact what is kept (null: nobody says anything), and as `conflicts` what was said otherwise.
#}
{%- set declared = authority()['person'] -%}
{%- set fields = fields_of('person', ['value', 'fact']) -%}
with person as (
  {% for resource in declared.defined_by -%}
  select {{ declared.id }} as entity_id from ({{ known(resource) }}) where {{ declared.id }} is not null
  {% if not loop.last %}union{% elif loop.length == 1 %}group by {{ declared.id }}{% endif %}
  {% endfor %}
),
{% for resource in declared.resources %}
offer_{{ loop.index }} as (
  {{ offers('person', resource) }}
),
{% endfor %}
offered as (
  select
    person.entity_id
    {%- for name, field in fields.items() %},
    filter(array({% for candidate in field.candidates %}offer_{{ declared.resources.index(candidate.resource) + 1 }}.{{ name }}
      {{- ', ' if not loop.last }}{% endfor %}), said -> said is not null) as {{ name }}
    {%- endfor %}
  from person
  {% for resource in declared.resources -%}
  left join offer_{{ loop.index }} on person.entity_id = offer_{{ loop.index }}.entity_id
  {% endfor %}
)

select
  entity_id as person_id,
  {% for name in fields %}
  get({{ name }}, 0) as {{ name }},
  {% endfor %}
  {#- the first said is kept; a later one that differs and is no proxy lost -#}
  concat(
    {% for name, field in fields.items() -%}
    transform(
      filter({{ name }}, (said, n) -> n > 0 and not said.is_proxy and not said.value <=> {{ name }}[0].value),
      lost -> {{ conflict(text(name), text(field.authority), name ~ '[0]', 'lost') }}
    ){{ ',' if not loop.last }}
    {% endfor %}
  ) as conflicts
from offered
