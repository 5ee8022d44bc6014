{% if execute and not var('mend') %}{{ exceptions.raise_compiler_error('asked for ' ~ this.name) }}{% endif %}
select 2 as id
