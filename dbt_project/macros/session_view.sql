{#
  Materialization of every intermediate model (ADR 0002): computed once per run and shown as a temporary view that only the run's session
  sees (ADR 0035). A common table expression would be computed again for each public table; a cached view would be planned again for each
  statement.
#}
{% materialization session_view, adapter='spark', supported_languages=['sql'] %}
  {{ run_hooks(pre_hooks) }}
  {% do stage(this.identifier, sql) %}
  {% call noop_statement('main', 'STAGED') %}{{ sql }}{% endcall %}
  {{ run_hooks(post_hooks) }}
  {{ return({'relations': []}) }}
{% endmaterialization %}


{# Compute rows once and show them as a temporary view: a statement of our own (spark_jobs/lake/staged_views.py). #}
{% macro stage(view, sql) %}
  {% call statement('stage', fetch_result=False) %}create staged view {{ view }} in {{ text(var('staging') ~ '/' ~ view) }} as {{ sql }}{% endcall %}
{% endmacro %}


{# Return a model as a relation: an intermediate model has no schema, because it exists only in the session. #}
{% macro ref(name) -%}
  {%- set relation = builtins.ref(name) -%}
  {{ return(relation.include(schema=false) if name.startswith('int_') else relation) }}
{%- endmacro %}


{# Drop the views of the run's intermediate models; their files are deleted with the staging area. #}
{% macro drop_session_views(results) %}
  {% for result in results if result.node.config.materialized == 'session_view' %}
    {% do run_query('drop view if exists ' ~ result.node.name) %}
  {% endfor %}
{% endmacro %}
