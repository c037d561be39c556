{# One row per source row and candidate for a place of an entity, with the place as the source writes it. #}
{{ sightings() }}
