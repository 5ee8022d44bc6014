{{ config(grants={'select': ['reader', 'Odd Role'] if var('round') == 1 else ['writer'], 'insert': ['writer']}) }} select 1 as id
