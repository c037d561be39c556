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
  Return the names that address texts are made of, each once: `level` (of a region, or `road`), `name`, and as `district_code` the only
  district where a region has the name. regions(level, name, district_code); addresses(road_name)
#}
{% macro address_names(regions, addresses) -%}
  with written as (
    {{ region_names(regions) }}
  ),

  lying as (
    {{ districts_of_names('written') }}
  )

  select written.level, written.name, lying.district_code
  from written
  left join lying on written.name = lying.name
  where written.level <> 'grid'
  union
  select 'road', {{ plain_address('road_name') }}, cast(null as string) from {{ addresses }} where road_name is not null
{%- endmacro %}

{#
  Return one row per address text that names a road and a door: `address_text`, and as `key` what its address is looked up by.

  A text is read from its beginning: province, city, district, street and community as far as it names them, a road, the number of the
  door, and what follows of building, unit and room. Where that can be done in several ways, the longest province counts, then the longest
  city, and so on. Only the given names are known; nothing is guessed. They are found by joins, never by a pattern made of them: what a
  text costs does not depend on how many roads there are.
  texts(address_text); names: see `address_names`
#}
{% macro address_keys(texts, names) -%}
  {%- set levels = ['province', 'city', 'district', 'street', 'community'] -%}
  with written as (
    select address_text, {{ plain_address('address_text') }} as plain
    from (select distinct address_text from {{ texts }} where address_text is not null)
  ),

  -- a text is cut where the number of a door begins
  cut as (
    select address_text, left(plain, place) as head, substring(plain, place + 1) as tail
    from (select *, explode(sequence(1, length(plain))) as place from written)
    where substring(plain, place + 1, 1) between '0' and '9' and substring(plain, place + 1) rlike '^[0-9]+(?:-[0-9]+)?号'
  ),

  -- what stands before ends with a road
  found as (
    select /*+ broadcast(road) */ cut.address_text, left(cut.head, cut.place) as start, road.name as road, cut.tail
    from (select *, explode(sequence(0, length(head) - 1)) as place from cut) as cut
    inner join {{ names }} as road on road.level = 'road' and substring(cut.head, cut.place + 1) = road.name
  ),

  -- and begins with regions: many texts have the same beginning, which is read once
  read_0 as (
    select distinct start, start as rest, cast(array() as array<int>) as sizes, cast(array() as array<string>) as districts from found
  ),
  {%- for level in levels %}

  read_{{ loop.index }} as (
    select /*+ broadcast(name) */
      before.start,
      substring(before.rest, before.size + 1) as rest,
      array_append(before.sizes, before.size) as sizes,
      array_append(before.districts, name.district_code) as districts
    from (select *, explode(sequence(0, length(rest))) as size from read_{{ loop.index0 }}) as before
    left join {{ names }} as name on name.level = '{{ level }}' and before.size > 0 and left(before.rest, before.size) = name.name
    where before.size = 0 or name.name is not null
  ),
  {%- endfor %}

  chosen as (
    select
      found.address_text,
      max_by(
        struct(found.road, found.tail, coalesce(read.districts[2], read.districts[3], read.districts[4], '') as district),
        array_append(read.sizes, length(found.road))
      ) as reading
    from found
    inner join read_{{ levels | length }} as read on found.start = read.start and read.rest = ''
    group by found.address_text
  ),

  numbered as (
    select
      address_text,
      reading,
      transform(
        split(
          regexp_replace(
            reading.tail,
            '(?s)^([0-9]+(?:-[0-9]+)?)号(?:[^0-9]*?([0-9A-Z]+)栋)?(?:([0-9A-Z]+)单元)?(?:([0-9A-Z]+)(?:房|室|$))?.*$',
            '$1|$2|$3|$4'
          ),
          '\\|'
        ),
        number -> regexp_replace(number, '^0+(?=.)', '')
      ) as numbers
    from chosen
  )

  select
    address_text,
    named_struct(
      'room', {{ address_key('reading.district', 'reading.road', 'numbers[0]', 'numbers[1]', 'numbers[2]', 'numbers[3]') }},
      'building', {{ address_key('reading.district', 'reading.road', 'numbers[0]', 'numbers[1]') }},
      'door', {{ address_key('reading.district', 'reading.road', 'numbers[0]') }}
    ) as key
  from numbered
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
