{# The names that address texts are made of: regions and roads. Addresses keep using abolished names of regions for years. #}
with region as (
  select region.name, region.level, lineage.district_code
  from {{ ref('int_ref__region') }} as region
  left join {{ ref('int_region__lineage') }} as lineage on region.region_code = lineage.place_code
  where region.valid_from <= {{ business_date() }}
)

select * from (
  {{ address_names('region', ref('address')) }}
)
