{{ config(database='wh', docs={'node_color': 'red'}) }}
select * from {{ ref('leaf') }} cross join (select count(*) as bees from {{ ref('tools', 'tool_b') }})
