select
    (select sum(flights) from {{ ref('mart_airport_days') }}) as flights,
    (select sum(cancelled) from {{ ref('mart_airport_days') }}) as cancelled,
    (select count(*) from {{ ref('mart_routes') }}) as routes,
    (select count(*) from {{ ref('mart_carriers') }}) as carriers
