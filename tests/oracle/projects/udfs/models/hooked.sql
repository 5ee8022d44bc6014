{{ config(materialized='table', pre_hook="select {{ function('undescribed') }}()") }} select 1 as x
