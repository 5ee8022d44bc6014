{% do exceptions.warn('careful') if execute %}
select 7 as id
