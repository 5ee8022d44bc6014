{{ config(tags='in_file', meta={'shared': 'file', 'own': 1}, docs={'show': true}, group='team', access='private') }} select * from {{ ref('pub') }}
