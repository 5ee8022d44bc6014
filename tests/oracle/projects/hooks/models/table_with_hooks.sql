{{ config(materialized='table',
    pre_hook=["{{ note(1, 'own pre ' ~ this) }}", {"sql": "{{ note(1, 'before begin') }}", "transaction": false}],
    post_hook="{{ note(3, 'own post sees ') }}", 
    ) }}
{{ config(pre_hook=before_begin(note(1, 'before_begin function')), post_hook=[after_commit("{{ note(3, 'after commit') }}"), in_transaction("select 1")]) }}
select * from {{ ref('plain') }}
