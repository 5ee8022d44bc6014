"""Jobs: what is to be run, when, and with which variables. Nothing here touches the outside."""
