-- One row per department that had a visit. A visit counts also when its patient is unknown: the department had it.
with all_visits as (
    select
        department,
        patient_id,
        started_at,
        minutes,
        fee
    from visits
),

visits_per_department as (
    select
        department,
        count(*) as visit_count,
        count(distinct patient_id) as patient_count,
        min(started_at) as first_visit_at,
        avg(minutes) as average_minutes,
        sum(fee) as total_fee
    from all_visits
    group by department
)

select
    cast(department as string) as department,
    cast(visit_count as bigint) as visit_count,
    cast(patient_count as bigint) as patient_count,
    cast(first_visit_at as date) as first_visit_on,
    cast(average_minutes as double) as average_minutes,
    cast(total_fee as decimal(20, 2)) as total_fee
from visits_per_department
