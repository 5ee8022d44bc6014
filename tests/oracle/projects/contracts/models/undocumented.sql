{{ config(persist_docs={}) }}
select 1 as id
