this is no sql
