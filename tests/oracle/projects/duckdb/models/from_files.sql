select a.id, b.kind from {{ source('files', 'again') }} a join {{ source('files', 'configured') }} b on a.id::varchar = b.id
