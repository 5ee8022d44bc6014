"""What Airflow's hook for the hosted platform does with a job. Run in its own environment."""

import json
import sys

from airflow.models.connection import Connection
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook, DbtCloudJobRunStatus

host, token, account, project, job = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])


class Hook(DbtCloudHook):
    """The hook, with a connection that is not in a database."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        return Connection(
            conn_id=conn_id, conn_type="dbt_cloud", host=host, login=str(account), password=token
        )


hook = Hook()
jobs = [each["id"] for page in hook.list_jobs(project_id=project) for each in page.json()["data"]]
names = [each["id"] for page in hook.list_projects() for each in page.json()["data"]]
started = hook.trigger_job_run(job_id=job, cause="Airflow").json()["data"]
is_done = hook.wait_for_job_run_status(
    run_id=started["id"], expected_statuses=DbtCloudJobRunStatus.SUCCESS.value,
    check_interval=1, timeout=90,
)  # fmt: skip
files = hook.list_job_run_artifacts(run_id=started["id"]).json()["data"]
manifest = hook.get_job_run_artifact(run_id=started["id"], path="manifest.json").json()
active = [
    each["id"]
    for page in hook.list_job_runs(
        job_definition_id=job, include_related=["trigger", "run_steps"], order_by="-id"
    )
    for each in page.json()["data"]
]
print(
    json.dumps(
        {
            "jobs": jobs,
            "projects": project in names,
            "done": is_done,
            "files": files,
            "nodes": sorted(manifest["nodes"]),
            "last": active[0] == started["id"],
            "connected": hook.test_connection()[0],
        }
    )
)
