select * from (values (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', null)) t(id, name, maybe)
