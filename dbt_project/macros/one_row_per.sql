{# Return the keys that are empty or occur in more than one row; the test passes when there are none. #}
{% test one_row_per(model, keys) %}
select {{ keys | join(', ') }}
from {{ model }}
group by {{ keys | join(', ') }}
having count(*) > 1 {% for key in keys %} or {{ key }} is null{% endfor %}
{% endtest %}
