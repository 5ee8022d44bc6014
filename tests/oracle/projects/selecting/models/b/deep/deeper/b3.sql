{{ config(tags='solo', meta={'owner': {'team': 'x'}, 'list': [1, 'two'], 'flag': true}) }} select * from {{ ref('b2') }}
