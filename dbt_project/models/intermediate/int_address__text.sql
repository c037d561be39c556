{# One row per address text of a source that names a road and a door, with the keys its address is looked up by. #}
{{ address_keys(ref('int_entity__sighting'), ref('int_address__name')) }}
