{{ config(enabled=var('has_off', false)) }}
select 1 as id
