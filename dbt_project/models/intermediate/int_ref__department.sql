{# Returns the rows of the reference table, read once a run. #}
select * from {{ source('ref', 'department') }}
