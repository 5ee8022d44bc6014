{{ config(tags=['infile'], alias='tool_bee', schema='infile_schema') }} select * from {{ ref('tool_a') }}
