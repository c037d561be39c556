{#
  Return the cells with `is_suppressed`. Plain Jinja, so that tests can run the SQL without dbt.
  cells(measure, parent_code, region_code, value, parent_is_suppressed)

  A cell of 1 to `under` - 1 is suppressed. Because the sum over a parent is known, one more cell is suppressed where that sum would reveal
  the small ones: where only one cell is suppressed, and where the suppressed cells must all be 1 or all be the largest small number. The
  extra cell is the next smallest; a zero is taken last. Where the parent itself is suppressed, at least one of its cells is, so that they
  do not sum up to it.
#}
{% macro suppressed(cells, under) -%}
  with marked as (
    select
      *,
      value between 1 and {{ under - 1 }} as is_small,
      count_if(value between 1 and {{ under - 1 }}) over (partition by measure, parent_code) as smalls,
      coalesce(sum(case when value between 1 and {{ under - 1 }} then value end) over (partition by measure, parent_code), 0) as small_sum
    from {{ cells }}
  ),

  ranked as (
    select
      *,
      row_number() over (partition by measure, parent_code, is_small order by value = 0, value, region_code) as turn,
      case
        when parent_is_suppressed then case when smalls = 0 then 1 else 0 end
        when smalls = 1 or (smalls > 1 and small_sum in (smalls, {{ under - 1 }} * smalls)) then 1
        else 0
      end as others
    from marked
  )

  select measure, parent_code, region_code, value, is_small or turn <= others as is_suppressed
  from ranked
{%- endmacro %}
