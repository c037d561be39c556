{#
  Returns the cells with `is_suppressed`. Plain Jinja, so that tests can run the SQL by itself.
  cells(measure, parent_code, region_code, value, parent_is_suppressed)

  A cell of 1 to 9 is suppressed. The sum over a parent is known, so another cell goes with it where the sum would give it away: where only
  one is suppressed, and where all of them must be 1 or all 9. It is the next smallest, zero last. Where the parent itself is suppressed its
  cells must not sum up to it: one of them is suppressed at least.
#}
{% macro suppressed(cells) -%}
  with marked as (
    select
      *,
      value between 1 and 9 as is_small,
      count_if(value between 1 and 9) over (partition by measure, parent_code) as smalls,
      coalesce(sum(case when value between 1 and 9 then value end) over (partition by measure, parent_code), 0) as small_sum
    from {{ cells }}
  ),

  ranked as (
    select
      *,
      row_number() over (partition by measure, parent_code, is_small order by value = 0, value, region_code) as turn,
      case
        when parent_is_suppressed then case when smalls = 0 then 1 else 0 end
        when smalls = 1 or (smalls > 1 and small_sum in (smalls, 9 * smalls)) then 1
        else 0
      end as others
    from marked
  )

  select measure, parent_code, region_code, value, is_small or turn <= others as is_suppressed
  from ranked
{%- endmacro %}
