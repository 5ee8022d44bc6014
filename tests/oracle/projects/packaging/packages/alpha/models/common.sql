{{ config(alias='common_of_alpha') }}
select 'alpha' as origin
