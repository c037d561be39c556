{# Address texts and their comparison with the standard addresses. Plain Jinja, so that tests can run the SQL without dbt. #}

{# Return an address text in the form used for comparison: half-width, upper case, no spaces, 栋 for every word for a building. #}
{% macro plain_address(text) -%}
  regexp_replace(
    regexp_replace(
      upper(translate({{ text }}, '０１２３４５６７８９－＃ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ', '0123456789-#ABCDEFGHIJKLMNOPQRSTUVWXYZ')),
      '[\\s　]', ''
    ),
    '([0-9A-Z]+)(?:#|号)?(?:楼|幢|座|栋)', '$1栋'
  )
{%- endmacro %}

{# Return the number in a part of an address, without words and leading zeros; empty where there is none. #}
{% macro address_number(text) -%}
  regexp_replace(regexp_replace(coalesce({{ plain_address(text) }}, ''), '[^0-9A-Z-]', ''), '^0+(?=.)', '')
{%- endmacro %}

{# Return the key of an address: its parts, each empty where it is not known. #}
{% macro address_key(district, road, door, building="''", unit="''", room="''") -%}
  concat_ws('|', {{ district }}, {{ road }}, {{ door }}, {{ building }}, {{ unit }}, {{ room }})
{%- endmacro %}

{# Return a regular expression that matches any text of a column (text1|text2|…), longest first, each taken literally. #}
{% macro one_of(column) -%}
  array_join(
    transform(sort_array(collect_set(struct(length({{ column }}) as n, {{ column }} as word)), false), one -> '\\Q' || one.word || '\\E'), '|'
  )
{%- endmacro %}

{# Return the names of regions as addresses write them: `level, name, district_code`; a community also without its word for committee. #}
{% macro region_names(regions) -%}
  select level, name, district_code from {{ regions }}
  union
  select level, regexp_replace(name, '(?:居民委员会|居委会|民委员会|委员会|委会)$', ''), district_code from {{ regions }} where level = 'community'
{%- endmacro %}

{# Return one row per region name that occurs in one district only: `name, district_code`. names: see `region_names` #}
{% macro districts_of_names(names) -%}
  select name, max(district_code) as district_code
  from {{ names }}
  where district_code is not null and level in ('district', 'street', 'community')
  group by name
  having count(distinct district_code) = 1
{%- endmacro %}

{#
  Return one row with `pattern`, a regular expression that splits an address text (see `plain_address`) into district, street, community,
  road, door, building, unit, room. It knows only regions of the reference table and roads of the standard addresses; it guesses nothing.
  names: see `region_names`; roads(road_name)
#}
{% macro address_pattern(names, roads) -%}
  with words as (
    select
      {{ one_of("case when level = 'province' then name end") }} as provinces,
      {{ one_of("case when level = 'city' then name end") }} as cities,
      {{ one_of("case when level = 'district' then name end") }} as districts,
      {{ one_of("case when level = 'street' then name end") }} as streets,
      {{ one_of("case when level = 'community' then name end") }} as communities
    from {{ names }}
  )

  select
    '^(?:' || provinces || ')?(?:' || cities || ')?(' || districts || ')?(' || streets || ')?(' || communities || ')?'
    || '(' || (select {{ one_of('road_name') }} from {{ roads }}) || ')'
    || '([0-9]+(?:-[0-9]+)?)号(?:[^0-9]*?([0-9A-Z]+)栋)?(?:([0-9A-Z]+)单元)?(?:([0-9A-Z]+)(?:房|室|$))?.*$' as pattern
  from words
{%- endmacro %}

{# Return the eight parts of an address text, null where the text has no road and door; `pattern` comes from `address_pattern`. #}
{% macro address_parts(text, pattern) -%}
  get(filter(
    array(split(regexp_replace({{ plain_address(text) }}, {{ pattern }}, '$1|$2|$3|$4|$5|$6|$7|$8'), '\\|')), parts -> size(parts) = 8
  ), 0)
{%- endmacro %}

{#
  Return the keys of an address text's parts as an SQL struct: `room` with all parts, `building` without unit and room, `door` also without
  the building. `district` is the code of the district the text names, else of the only district with its street or community, else empty
  (any district).
#}
{% macro address_keys(parts, district) -%}
  {%- set numbers = [] -%}
  {%- for n in range(4, 8) -%}{%- do numbers.append('regexp_replace(' ~ parts ~ '[' ~ n ~ "], '^0+(?=.)', '')") -%}{%- endfor -%}
  case when {{ parts }} is not null then named_struct(
    'room', {{ address_key(district, parts ~ '[3]', numbers[0], numbers[1], numbers[2], numbers[3]) }},
    'building', {{ address_key(district, parts ~ '[3]', numbers[0], numbers[1]) }},
    'door', {{ address_key(district, parts ~ '[3]', numbers[0]) }}
  ) end
{%- endmacro %}

{#
  Return one row per key by which an address can be looked up: `address_id` if only one address has the key, and as `place` the regions on
  which all addresses with the key agree. addresses(address_id, road_name, door_no, building_no, unit_no, room_no, six region codes)
#}
{% macro address_index(addresses) -%}
  with numbered as (
    select
      *,
      coalesce(district_code, '') as district,
      {{ plain_address('road_name') }} as road,
      {{ address_number('door_no') }} as door,
      {{ address_number('building_no') }} as building,
      {{ address_number('unit_no') }} as unit,
      {{ address_number('room_no') }} as room
    from {{ addresses }}
    where road_name is not null and door_no is not null
  ),

  keyed as (
    select
      *,
      explode(array_distinct(array(
        {%- for district in ['district', "''"] %}
        {%- set outer_last = loop.last %}
        {%- for building, unit, room in [
          ('building', 'unit', 'room'), ('building', "''", 'room'), ("''", "''", 'room'), ('building', 'unit', "''"), ('building', "''", "''"),
          ("''", "''", "''")] %}
        {{ address_key(district, 'road', 'door', building, unit, room) }}{{ ',' if not (loop.last and outer_last) }}
        {%- endfor %}
        {%- endfor %}
      ))) as key
    from numbered
  )

  select
    key,
    case when count(*) = 1 then max(address_id) end as address_id,
    named_struct(
      {%- for level in ['province_code', 'city_code', 'district_code', 'street_code', 'community_code', 'grid_code'] %}
      '{{ level }}', case when count({{ level }}) = count(*) and min({{ level }}) = max({{ level }}) then max({{ level }}) end{{ ',' if not loop.last }}
      {%- endfor %}
    ) as place
  from keyed
  group by key
{%- endmacro %}
