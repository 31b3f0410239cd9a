-- One row per known patient. Visits and tests are each brought to one row per patient before they meet, so that
-- neither multiplies the other.
with all_patients as (
    select
        patient_id,
        birth_date,
        contact,
        is_insured,
        allergies
    from patients
),

all_visits as (
    select
        visit_id,
        patient_id,
        department,
        started_at,
        minutes,
        fee,
        diagnoses
    from visits
),

all_lab_results as (
    select
        patient_id,
        test_code,
        value,
        is_abnormal
    from lab_results
),

visits_per_patient as (
    select
        patient_id,
        count(*) as visit_count,
        sum(minutes) as total_minutes,
        sum(fee) as total_fee,
        sort_array(array_distinct(flatten(collect_list(diagnoses)))) as diagnoses,
        -- Of visits that began together the one with the greater id, so that the answer does not depend on their order.
        max_by(
            named_struct('visit_id', visit_id, 'department', department, 'started_at', started_at),
            struct(started_at, visit_id)
        ) as last_visit
    from all_visits
    group by patient_id
),

tests_per_patient as (
    select
        patient_id,
        count(*) as test_count,
        sum(case when is_abnormal then 1 else 0 end) as abnormal_test_count,
        max(case when test_code = 'GLU' then value end) as highest_glucose
    from all_lab_results
    group by patient_id
)

select
    cast(all_patients.patient_id as string) as patient_id,
    cast(all_patients.birth_date as date) as birth_date,
    cast(all_patients.contact.city as string) as city,
    cast(all_patients.is_insured as boolean) as is_insured,
    cast(all_patients.allergies as array<string>) as allergies,
    cast(coalesce(visits_per_patient.visit_count, 0) as bigint) as visit_count,
    cast(coalesce(visits_per_patient.total_minutes, 0) as bigint) as total_minutes,
    cast(coalesce(visits_per_patient.total_fee, 0) as decimal(20, 2)) as total_fee,
    cast(coalesce(visits_per_patient.diagnoses, array()) as array<string>) as diagnoses,
    cast(
        visits_per_patient.last_visit as struct<visit_id: bigint, department: string, started_at: timestamp>
    ) as last_visit,
    cast(coalesce(tests_per_patient.test_count, 0) as bigint) as test_count,
    cast(coalesce(tests_per_patient.abnormal_test_count, 0) as bigint) as abnormal_test_count,
    cast(tests_per_patient.highest_glucose as double) as highest_glucose
from all_patients
left join visits_per_patient on all_patients.patient_id = visits_per_patient.patient_id
left join tests_per_patient on all_patients.patient_id = tests_per_patient.patient_id
