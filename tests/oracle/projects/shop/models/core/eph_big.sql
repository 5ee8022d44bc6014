{{ config(materialized='ephemeral') }}
with big as (select * from {{ ref('eph_paid') }} where paid >= {{ var('min_amount') }}) select * from big
