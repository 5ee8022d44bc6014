"""The keys of `dbt_project.yml`: what each must hold, and what is wrong with it."""
