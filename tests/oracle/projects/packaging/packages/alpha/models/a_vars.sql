select '{{ var("everywhere") }}' as everywhere, '{{ var("scoped") }}' as scoped,
  '{{ var("only_alpha") }}' as only_alpha, '{{ var("own") }}' as own,
  '{{ greet("alpha") }}' as greeted, '{{ farewell("alpha") }}' as farewell, '{{ shadowed() }}' as shadowed,
  '{{ project_name }}' as project, '{{ model.package_name }}' as package
