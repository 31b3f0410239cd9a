-- One row per stop of a trip, in the order of the trip. The driver has no name when nobody knows who drove.
with all_trips as (
    select
        trip_id,
        vehicle_id,
        driver_id,
        departed_at,
        stops
    from trips
),

all_drivers as (
    select
        driver_id,
        name
    from drivers
),

all_stops as (
    select
        all_trips.trip_id,
        all_trips.vehicle_id,
        all_trips.driver_id,
        all_trips.departed_at,
        exploded.position,
        exploded.stop
    from all_trips
        lateral view posexplode(all_trips.stops) exploded as position, stop
)

select
    cast(all_stops.trip_id as string) as trip_id,
    cast(all_stops.position + 1 as int) as stop_number,
    cast(all_stops.vehicle_id as string) as vehicle_id,
    cast(all_drivers.name as string) as driver_name,
    cast(all_stops.stop.place as string) as place,
    cast(all_stops.stop.arrived_at as timestamp) as arrived_at,
    cast(
        floor((unix_timestamp(all_stops.stop.arrived_at) - unix_timestamp(all_stops.departed_at)) / 60) as bigint
    ) as minutes_since_departure
from all_stops
left join all_drivers on all_stops.driver_id = all_drivers.driver_id
