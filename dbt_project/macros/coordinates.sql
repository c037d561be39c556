{#
  Return the offset of GCJ-02 at a point, in degrees of longitude or of latitude (`axis`). It is the published transformation on the
  Krasovsky 1940 ellipsoid; its inverse in `cgcs2000` is exact to centimetres.
#}
{% macro gcj02_offset(axis, lon, lat) -%}
  {%- set x = '(' ~ lon ~ ' - 105.0D)' -%}
  {%- set y = '(' ~ lat ~ ' - 35.0D)' -%}
  {%- set wave = '20.0D * sin(6.0D * ' ~ x ~ ' * pi()) + 20.0D * sin(2.0D * ' ~ x ~ ' * pi())' -%}
  {%- set magic = '(1.0D - 0.00669342162296594323D * pow(sin(radians(' ~ lat ~ ')), 2.0D))' -%}
  {%- if axis == 'lat' -%}
  (-100.0D + 2.0D * {{ x }} + 3.0D * {{ y }} + 0.2D * {{ y }} * {{ y }} + 0.1D * {{ x }} * {{ y }} + 0.2D * sqrt(abs({{ x }}))
    + ({{ wave }} + 20.0D * sin({{ y }} * pi()) + 40.0D * sin({{ y }} / 3.0D * pi())
      + 160.0D * sin({{ y }} / 12.0D * pi()) + 320.0D * sin({{ y }} * pi() / 30.0D)) * 2.0D / 3.0D)
    * 180.0D / (6378245.0D * (1.0D - 0.00669342162296594323D) / ({{ magic }} * sqrt({{ magic }})) * pi())
  {%- else -%}
  (300.0D + {{ x }} + 2.0D * {{ y }} + 0.1D * {{ x }} * {{ x }} + 0.1D * {{ x }} * {{ y }} + 0.1D * sqrt(abs({{ x }}))
    + ({{ wave }} + 20.0D * sin({{ x }} * pi()) + 40.0D * sin({{ x }} / 3.0D * pi())
      + 150.0D * sin({{ x }} / 12.0D * pi()) + 300.0D * sin({{ x }} / 30.0D * pi())) * 2.0D / 3.0D)
    * 180.0D / (6378245.0D / sqrt({{ magic }}) * cos(radians({{ lat }})) * pi())
  {%- endif -%}
{%- endmacro %}

{# Return a point in CGCS2000 as struct(lon, lat) of doubles: GCJ-02 is converted back in three iterations, others are kept unchanged. #}
{% macro cgcs2000(lon, lat, coord_sys) -%}
  case
    when {{ coord_sys }} = 'GCJ02' then aggregate(
      array(1, 2, 3),
      named_struct('lon', {{ lon }}, 'lat', {{ lat }}),
      (p, n) -> named_struct(
        'lon', {{ lon }} - ({{ gcj02_offset('lon', 'p.lon', 'p.lat') }}),
        'lat', {{ lat }} - ({{ gcj02_offset('lat', 'p.lon', 'p.lat') }})
      )
    )
    else named_struct('lon', {{ lon }}, 'lat', {{ lat }})
  end
{%- endmacro %}

{#
  Return the distance of two points in metres, as double; for points of one grid, where the earth may be taken as flat. It is the mean
  earth radius (6371008.8 m) times the angle.
#}
{% macro distance_m(one, other) -%}
  111195.0802D * sqrt(
    pow({{ one }}.lat - {{ other }}.lat, 2.0D) + pow(({{ one }}.lon - {{ other }}.lon) * cos(radians({{ one }}.lat)), 2.0D)
  )
{%- endmacro %}
