{{ config(materialized='table', pre_hook="select 1/0 as x", post_hook="select error('post failed')") }}
select 1 as id
