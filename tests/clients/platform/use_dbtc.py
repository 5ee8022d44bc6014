"""What `dbtc` does with a job: find it, run it, fetch what it left. Run in its own environment."""

import json
import sys

from dbtc import dbtCloudClient

host, token, account, project, job = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
# Its parts share one session, which sends the token that was set last.
client = dbtCloudClient(api_key=token, service_token=token, host=host).cloud
jobs = client.list_jobs(account, project_id=project)["data"]
projects = client.list_projects(account)["data"]
run = client.trigger_job(account, job, {"cause": "dbtc"}, should_poll=True, poll_interval=1)
assert run.get("data"), run
run = run["data"]
files = client.list_run_artifacts(account, run["id"])["data"]
manifest = client.get_run_artifact(account, run["id"], "manifest.json")
listed = client.list_runs(account, job_definition_id=job, order_by="-id", limit=1)["data"]
made = client.create_job(
    account,
    {"name": "throw-away", "project_id": project, "environment_id": jobs[0]["environment_id"],
     "execute_steps": ["dbt parse"]},
)["data"]  # fmt: skip
deleted = client.delete_job(account, made["id"])
print(
    json.dumps(
        {
            "jobs": [each["id"] for each in jobs],
            "projects": project in [each["id"] for each in projects],
            "status": run["status"],
            "files": files,
            "nodes": sorted(manifest["nodes"]),
            "last": listed[0]["id"] == run["id"],
            "deleted": deleted["status"]["is_success"],
        }
    )
)
