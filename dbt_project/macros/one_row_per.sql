{# Returns the keys that are empty or stand in more than one row: a table must have none. #}
{% test one_row_per(model, keys) %}
select {{ keys | join(', ') }}
from {{ model }}
group by {{ keys | join(', ') }}
having count(*) > 1 {% for key in keys %} or {{ key }} is null{% endfor %}
{% endtest %}
