{# One row per key by which an address can be looked up, with the regions on which all addresses of that key agree. #}
{{ address_index(ref('address')) }}
