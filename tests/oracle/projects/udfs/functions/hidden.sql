{{ config(enabled=false) }} x * 3
