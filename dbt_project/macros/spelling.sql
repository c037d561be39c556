{# Names and addresses that differ only in how they are spelled. Plain Jinja, so that tests can run the SQL without dbt. #}

{# Return a name or an address in the form used for comparison: half-width, upper case, without blanks and without dots of any kind. #}
{% macro spelled_alike(text) -%}
  upper(regexp_replace(
    translate(
      {{ text }},
      '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ（）［］＜＞＆＃－／，：；！＋＝＇',
      '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz()[]<>&#-/,:;!+=\''
    ),
    '[\\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000.\u00b7\u0387\u119e\u16eb\u2022\u2024\u2027\u2219\u22c5\u2e31\u2e33\u30fb\u318d\ufe52\uff0e\uff65]',
    ''
  ))
{%- endmacro %}

{# Return the condition that two values of a field are the same; how a name or an address is spelled makes no difference. #}
{% macro same_value(field, one, other) -%}
  {%- if field.is_spelled_freely -%}{{ spelled_alike(one) }} <=> {{ spelled_alike(other) }}{%- else -%}{{ one }} <=> {{ other }}{%- endif -%}
{%- endmacro %}
