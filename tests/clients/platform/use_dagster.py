"""What Dagster's client of the hosted platform does with a job. Run in its own environment."""

import json
import sys

from dagster_dbt.cloud_v2.client import DbtCloudWorkspaceClient

url, token, account, project, job = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
environment = int(sys.argv[6])
client = DbtCloudWorkspaceClient(
    account_id=account, token=token, access_url=url, request_max_retries=1,
    request_retry_delay=0.1, request_timeout=15,
)  # fmt: skip
jobs = client.list_jobs(project_id=project, environment_id=environment)
made = client.create_job(
    project_id=project, environment_id=environment, job_name="DAGSTER_ADHOC_JOB__1",
    description="made by a test",
)  # fmt: skip
started = client.trigger_job_run(job_id=job, steps_override=["dbt build --select base"])
run = client.poll_run(run_id=started["id"], poll_interval=0.5, poll_timeout=90)
files = client.list_run_artifacts(run_id=run["id"])
results = client.get_run_results_json(run_id=run["id"])
manifest = client.get_run_manifest_json(run_id=run["id"])
client.destroy_job(job_id=made["id"])
print(
    json.dumps(
        {
            "jobs": [each["id"] for each in jobs],
            "status": run["status"],
            "files": list(files),
            "built": [each["unique_id"] for each in results["results"]],
            "run": results["metadata"]["env"]["DBT_CLOUD_RUN_ID"] == str(run["id"]),
            "nodes": sorted(manifest["nodes"]),
            "project": client.get_project_details(project)["name"],
            "environment": client.get_environment_details(environment)["name"],
        }
    )
)
