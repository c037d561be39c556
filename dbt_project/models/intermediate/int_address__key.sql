{# Returns one row per key an address may be looked for by, with what all addresses of that key agree on. #}
{{ address_index(ref('address')) }}
