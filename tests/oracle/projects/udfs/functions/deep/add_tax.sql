{{ config(tags=['money']) }}
price * 1.2 + {{ function('double_it') }}(0)
