"""DuckDB: one database per process and file, a cursor per worker."""
