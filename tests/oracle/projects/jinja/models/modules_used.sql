{% set dt = modules.datetime %}{% set re = modules.re %}
select '{{ dt.date(2024, 2, 28) + dt.timedelta(days=2) }}' as a, '{{ re.sub("[0-9]+", "#", "a1b22") }}' as b, '{{ re.match("(a)(b)", "ab").group(2) }}' as c,
 '{{ modules.itertools.chain([1], [2]) | list }}' as d, '{{ modules.pytz.timezone("UTC") }}' as e, '{{ dt.datetime.strptime("2024-05-06", "%Y-%m-%d").strftime("%d/%m/%y") }}' as f,
 '{{ modules.itertools.product([1, 2], [3]) | list | length }}' as g
