{#
  Materialization of every intermediate model (ADR 0002): computed once a run into files of the staging area, seen as a temporary view of the
  run's session and by nobody else. As a common table expression each public table would compute it again; as a cached view each statement
  would plan it again.
#}
{% materialization session_view, adapter='spark', supported_languages=['sql'] %}
  {{ run_hooks(pre_hooks) }}
  {% do stage(this.identifier, sql) %}
  {% call noop_statement('main', 'STAGED') %}{{ sql }}{% endcall %}
  {{ run_hooks(post_hooks) }}
  {{ return({'relations': []}) }}
{% endmaterialization %}


{# Computes rows once into files of the staging area and shows them as a temporary view. #}
{% macro stage(view, sql) %}
  {% set path = text(var('staging') ~ '/' ~ view) %}
  {% do run_query('insert overwrite directory ' ~ path ~ ' using parquet ' ~ sql) %}
  {% do run_query('create or replace temporary view ' ~ view ~ ' using parquet options (path ' ~ path ~ ')') %}
{% endmacro %}


{# Returns a model as a relation: an intermediate one without a schema, since it lives in the session. #}
{% macro ref(name) -%}
  {%- set relation = builtins.ref(name) -%}
  {{ return(relation.include(schema=false) if name.startswith('int_') else relation) }}
{%- endmacro %}


{# Drops the intermediate models of the run; its files go with the staging area. #}
{% macro drop_session_views(results) %}
  {% for result in results if result.node.config.materialized == 'session_view' %}
    {% do run_query('drop view if exists ' ~ result.node.name) %}
  {% endfor %}
{% endmacro %}
