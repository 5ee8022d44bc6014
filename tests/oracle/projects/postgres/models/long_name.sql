{{ config(alias='a_very_long_name_that_is_longer_than_what_postgres_allows_for_names'[:63]) }} select 1 as id
