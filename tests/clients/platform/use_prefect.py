"""What Prefect's integration does with a job. Run in its own environment."""

import asyncio
import json
import sys

from prefect_dbt.cloud.clients import DbtCloudAdministrativeClient

host, token, account, job = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])


async def main() -> None:
    client = DbtCloudAdministrativeClient(api_key=token, account_id=account, domain=host)
    async with client:
        found = (await client.get_job(job_id=job)).json()["data"]
        started = (await client.trigger_job_run(job_id=job)).json()["data"]
        for _ in range(180):
            answer = await client.get_run(run_id=started["id"], include_related=["run_steps"])
            run = answer.json()["data"]
            if run["is_complete"]:
                break
            await asyncio.sleep(0.5)
        files = (await client.list_run_artifacts(run_id=run["id"])).json()["data"]
        manifest = (await client.get_run_artifact(run_id=run["id"], path="manifest.json")).json()
    commands = [
        step["name"].partition("`")[2].rpartition("`")[0]
        for step in run["run_steps"]
        if step["index"] > 3
    ]
    print(
        json.dumps(
            {
                "job": found["name"],
                "status": run["status"],
                "commands": commands,
                "files": files,
                "nodes": sorted(manifest["nodes"]),
            }
        )
    )


asyncio.run(main())
