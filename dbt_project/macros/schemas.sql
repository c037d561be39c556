{# Return the schema exactly as declared for a folder of models, without dbt's prefix: base is named base on every instance. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(custom_schema_name or target.schema) }}
{%- endmacro %}
