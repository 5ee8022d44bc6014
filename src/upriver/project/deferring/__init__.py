"""What settings of deferral add to a verb: favoured resources, rules, the record of what was read."""
