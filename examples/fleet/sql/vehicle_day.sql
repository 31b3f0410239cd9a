-- One row per known vehicle. Trips, stops and refuels are each brought to one row per vehicle before they meet, so that
-- a trip of three stops counts its toll once.
with all_vehicles as (
    select
        vehicle_id,
        model,
        is_electric,
        capacity_kg,
        in_service_since,
        odometer_m
    from vehicles
),

all_trips as (
    select
        vehicle_id,
        distance_km,
        toll,
        cargo,
        stops
    from trips
),

all_refuels as (
    select
        vehicle_id,
        litres,
        price_per_litre
    from refuels
),

trips_per_vehicle as (
    select
        all_trips.vehicle_id,
        count(*) as trip_count,
        sum(case when all_trips.cargo.is_fragile then 1 else 0 end) as fragile_trip_count,
        sum(all_trips.distance_km) as distance_km,
        max(all_trips.cargo.weight_kg) as heaviest_load_kg,
        sum(all_trips.toll) as total_toll
    from all_trips
    group by all_trips.vehicle_id
),

all_stops as (
    select
        all_trips.vehicle_id,
        exploded.stop
    from all_trips
        lateral view explode(all_trips.stops) exploded as stop
),

stops_per_vehicle as (
    select
        all_stops.vehicle_id,
        count(*) as stop_count,
        sort_array(collect_set(all_stops.stop.place)) as places,
        max_by(all_stops.stop, all_stops.stop.arrived_at) as last_stop
    from all_stops
    group by all_stops.vehicle_id
),

fuel_per_vehicle as (
    select
        vehicle_id,
        sum(litres * price_per_litre) as fuel_cost
    from all_refuels
    group by vehicle_id
)

select
    cast(all_vehicles.vehicle_id as string) as vehicle_id,
    cast(all_vehicles.model as string) as model_name,
    cast(all_vehicles.is_electric as boolean) as is_electric,
    cast(all_vehicles.capacity_kg as int) as capacity_kg,
    cast(all_vehicles.in_service_since as date) as in_service_since,
    cast(all_vehicles.odometer_m as bigint) as odometer_m,
    cast(coalesce(trips_per_vehicle.trip_count, 0) as bigint) as trip_count,
    cast(coalesce(trips_per_vehicle.fragile_trip_count, 0) as bigint) as fragile_trip_count,
    cast(coalesce(trips_per_vehicle.distance_km, 0) as decimal(18, 3)) as distance_km,
    cast(trips_per_vehicle.heaviest_load_kg as int) as heaviest_load_kg,
    cast(coalesce(trips_per_vehicle.total_toll, 0) as decimal(18, 2)) as total_toll,
    cast(coalesce(stops_per_vehicle.stop_count, 0) as bigint) as stop_count,
    cast(coalesce(stops_per_vehicle.places, array()) as array<string>) as places,
    cast(stops_per_vehicle.last_stop as struct<place: string, arrived_at: timestamp>) as last_stop,
    cast(coalesce(fuel_per_vehicle.fuel_cost, 0) as decimal(18, 2)) as fuel_cost
from all_vehicles
left join trips_per_vehicle on all_vehicles.vehicle_id = trips_per_vehicle.vehicle_id
left join stops_per_vehicle on all_vehicles.vehicle_id = stops_per_vehicle.vehicle_id
left join fuel_per_vehicle on all_vehicles.vehicle_id = fuel_per_vehicle.vehicle_id
