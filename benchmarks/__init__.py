"""Generators and timed comparisons with dbt-core; never part of the tests' verdict."""
