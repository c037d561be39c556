{# Return the schema exactly as declared for a folder of models, without dbt's prefix: base is named base on every instance. What is built again beside the tables that stand (`beside`: schema and prefix) lies in one schema of its own. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(var('beside', '').partition('.')[0] or custom_schema_name or target.schema) }}
{%- endmacro %}


{# Return the name of the table or view of a model: its alias or its own; the schema goes into it for what is built again beside the tables that stand. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- set beside = var('beside', '') if node.config.schema else '' -%}
  {%- set name = custom_alias_name or node.name -%}
  {{ return(beside.partition('.')[2] ~ node.config.schema ~ '_' ~ name if beside else name) }}
{%- endmacro %}
