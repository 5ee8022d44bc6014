"""How each kind of step is carried out: a module per action, each a function of a Task."""
