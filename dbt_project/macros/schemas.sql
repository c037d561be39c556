{# Returns the schema exactly as a folder of models declares it: base is base on every instance. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(custom_schema_name or target.schema) }}
{%- endmacro %}
