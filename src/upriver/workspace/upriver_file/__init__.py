"""`upriver.yml`: what a project says of deferral, and dbt has no place for."""
