select * from (values (1, 'a'), (1, 'b'), (null, 'c'), (7, null)) t(id, name)
