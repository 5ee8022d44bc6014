{{ config(database='other', schema='far') }} select e.id, l.word from {{ source('raw', 'events') }} e join {{ source('other', 'looked_up') }} l using (id)
