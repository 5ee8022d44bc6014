select '{{ this }}' as a, '{{ this.schema }}.{{ this.identifier }} {{ this.database }} {{ this.name }} {{ this.is_table }}' as b, '{{ target.name }} {{ target.schema }} {{ target.type }} {{ target.threads }} {{ target.profile_name }} {{ target.database }}' as c,
 '{{ model.name }} {{ model.unique_id }} {{ model.resource_type }} {{ model.fqn | join("/") }} {{ model.path }} {{ model.original_file_path }} {{ model.package_name }} {{ model.config.materialized }}' as d,
 '{{ model.tags }} {{ model.config.tags | length }} {{ model["alias"] }}' as e, '{{ config.get("materialized") }} {{ config.get("nothing", "dflt") }} {{ config.get("meta") }}' as f,
 '{{ project_name }} {{ flags.FULL_REFRESH }} {{ flags.WHICH in ["build", "compile", "run", "parse"] }} {{ execute }} {{ adapter.type() }}' as g, '{{ schema }} {{ database }}' as h,
 '{{ dbt_version.split(".")[0] }} {{ invocation_id | length }} {{ run_started_at.tzinfo is not none }} {{ thread_id is defined }}' as i,
 '{{ ref("base") }} {{ ref("base").identifier }} {{ ref("base").include(database=false) }} {{ ref("base").quote(identifier=false) }} {{ source("src", "things") }} {{ ref("base").render() }}' as j,
 '{{ api.Relation.create(database="d", schema="s", identifier="i") }} {{ api.Relation.create(schema="s", identifier="i", type="view").is_view }}' as k,
 '{{ api.Column.create("c", "varchar(10)").data_type }} {{ api.Column("c", "decimal", numeric_precision=5, numeric_scale=2).data_type }} {{ adapter.quote("q") }}' as l,
 '{{ builtins.ref("base") }} {{ builtins.source("src", "things") }}' as m, '{{ ref("base") is not none }} {{ selected_resources | length > 0 if execute else "x" }}' as n
