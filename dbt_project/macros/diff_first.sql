{#
  Materialization of every public model (ADR 0002): compute the rows, compare them with the table by key and _row_hash, and write only the
  differences in one MERGE. When nothing differs, no statement runs and no new version is made. Rows that are no longer computed are deleted
  within `scope` (default: the whole table). A key that is empty or occurs twice fails the model before anything is written.

  The model selects its content; _row_hash and _since are added here. The types of a new table are checked against its dbt contract.
  Comments and properties are set only once, when the table is created.
#}
{% materialization diff_first, adapter='spark', supported_languages=['sql'] %}
  {%- set keys = config.require('unique_key') -%}
  {%- set keys = [keys] if keys is string else keys -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set differences = this.schema ~ '__' ~ this.identifier ~ '__differences' -%}
  {%- set stamped = stamped_sql(sql, keys) -%}

  {{ run_hooks(pre_hooks) }}
  {% if load_cached_relation(this) is none %}
    {{ get_assert_columns_equivalent(stamped) }}
    {% do run_query(empty_table_sql(target_relation)) %}
  {% else %}
    {% do add_missing_columns(target_relation) %}
  {% endif %}

  {# the differing rows are computed once, for both the count and the write #}
  {% do stage(differences, differences_sql(stamped, target_relation, keys)) %}
  {% set counted = run_query('select count(*), count_if(_gone), count_if(_wrong), count_if(_stood) from ' ~ differences).rows[0] %}
  {% if counted[2] > 0 %}
    {{ exceptions.raise_compiler_error(this ~ ': ' ~ counted[2] ~ ' rows have an empty key or share one. The key is ' ~ keys | join(', ') ~ '.') }}
  {% endif %}
  {% if counted[0] > 0 %}
    {# an INSERT takes half the time of a MERGE (ADR 0035), and is the same where no row stood before #}
    {% set writing = merge_sql if counted[3] > 0 else insert_sql %}
    {% call statement('write') %}{{ writing(target_relation, differences, keys) }}{% endcall %}
  {% endif %}
  {% do run_query('drop view ' ~ differences) %}
  {% call noop_statement('main', (counted[0] - counted[1]) ~ ' written, ' ~ counted[1] ~ ' deleted', 'DIFF', counted[0] | int) %}
    select * from {{ differences }}
  {% endcall %}
  {{ run_hooks(post_hooks) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# Return the model's rows with columns in the order of its dbt contract, _row_hash over all content columns, and _since as for new rows. #}
{% macro stamped_sql(sql, keys) -%}
  {%- set content = model.columns.keys() | reject('in', ['_row_hash', '_since']) | list -%}
  select
    {{ content | join(', ') }},
    sha2(to_json(array({% for name in content %}cast({{ name }} as string){{ ', ' if not loop.last }}{% endfor %})), 256) as _row_hash,
    {{ business_date() }} as _since
  from (
    {{ sql }}
  )
{%- endmacro %}


{# Return the rows that are new, changed, gone (only their key is filled), or wrong (with an empty key or the key of another row). #}
{% macro differences_sql(stamped, relation, keys) -%}
  select
    {% for name in model.columns -%}
      {{ 'coalesce(new.' ~ name ~ ', old.' ~ name ~ ') as ' ~ name if name in keys else 'new.' ~ name }},
    {% endfor -%}
    new._row_hash is null as _gone,
    old._row_hash is not null as _stood,
    coalesce(new._copies > 1{% for key in keys %} or (new._row_hash is not null and new.{{ key }} is null){% endfor %}, false) as _wrong
  from (
    select *, count(*) over (partition by {{ keys | join(', ') }}) as _copies from ({{ stamped }})
  ) as new
  full outer join (
    select {{ keys | join(', ') }}, _row_hash from {{ relation }} where {{ config.get('scope', 'true') }}
  ) as old
    on {% for key in keys %}new.{{ key }} = old.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
  where not new._row_hash <=> old._row_hash or new._copies > 1
{%- endmacro %}


{# Return the MERGE statement. It names all columns, because `set *` would expect a column _gone in the table. #}
{% macro merge_sql(relation, differences, keys) -%}
  merge into {{ relation }} as old
  using {{ differences }} as new
    on {% for key in keys %}new.{{ key }} = old.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
  when matched and new._gone then delete
  when matched then update set {% for name in model.columns %}{{ name }} = new.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
  when not matched then insert ({{ model.columns.keys() | join(', ') }})
    values ({% for name in model.columns %}new.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{# Return the statement that adds rows whose keys are all new. #}
{% macro insert_sql(relation, differences, keys) -%}
  insert into {{ relation }} ({{ model.columns.keys() | join(', ') }}) select {{ model.columns.keys() | join(', ') }} from {{ differences }}
{%- endmacro %}


{# Return the statement that creates the table. Readers outside Spark cannot read deletion vectors or mapped columns: both stay off. #}
{% macro empty_table_sql(relation) -%}
  create table {{ relation }} (
    {% for column in model.columns.values() -%}
      {{ column.name }} {{ column.data_type }} comment {{ text(column.description) }}{{ ', ' if not loop.last }}
    {% endfor -%}
  )
  using delta
  location {{ text(var('lake') ~ '/' ~ table_path(relation.schema, relation.identifier)) }}
  comment {{ text(model.description) }}
  tblproperties ('delta.enableDeletionVectors' = 'false')
{%- endmacro %}


{#
  Add columns that only a newer contract has; the MERGE fills them, because all row hashes differ. A column of the key is filled at once, as
  `filled` says of the model: by it the rows are found. Other changes need a migration.
#}
{% macro add_missing_columns(relation) %}
  {% set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list %}
  {% set missing = model.columns.values() | rejectattr('name', 'in', present) | list %}
  {% set surplus = present | reject('in', model.columns.keys()) | list %}
  {% if surplus %}
    {{ exceptions.raise_compiler_error(relation ~ ' has columns its contract lacks: ' ~ surplus | join(', ') ~ '. Fix: write a migration.') }}
  {% endif %}
  {% if missing %}
    {% set columns %}{% for column in missing %}{{ column.name }} {{ column.data_type }} comment {{ text(column.description) }}{{ ', ' if not loop.last }}{% endfor %}{% endset %}
    {% do run_query('alter table ' ~ relation ~ ' add columns (' ~ columns ~ ')') %}
    {% for name, value in config.get('filled', {}).items() if name in missing | map(attribute='name') %}
      {% do run_query('update ' ~ relation ~ ' set ' ~ name ~ ' = ' ~ value) %}
    {% endfor %}
  {% endif %}
{% endmacro %}
