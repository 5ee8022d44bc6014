"""dbt's JSON: the only modules that know how artifacts are spelled."""
