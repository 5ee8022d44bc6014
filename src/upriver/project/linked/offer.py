"""Deferring to the linked server by default (platform 2.5), and who does not.

The server is the weakest of all settings: whatever is given, or stands in `upriver.yml`, comes
first. Nothing here asks the network.
"""

from __future__ import annotations

import msgspec

from upriver.project.linked.troubles import not_linked
from upriver.project.opened import OpenedProject
from upriver.state.remote.address import SERVER
from upriver.workspace.inputs import option_from_env
from upriver.workspace.link.settings import Link, read_link
from upriver.workspace.upriver_file.settings import StatePlace, TargetDeferral

_DEVELOPING = frozenset({"dev", "development"})


def with_server(opened: OpenedProject, settings: TargetDeferral) -> TargetDeferral:
    """Return settings that name the linked server where they name no state."""
    link = link_of(opened)
    if not link.is_complete and opened.request.options.defer_env is not None:
        opened.require((not_linked("--defer-env"),))
    if not link.is_complete or _is_production_itself(opened, link):
        return settings
    return msgspec.structs.replace(settings, states=(StatePlace(place=f"{SERVER}:"),))


def link_of(opened: OpenedProject) -> Link:
    """Return what links the project; what is wrong with it is told once."""
    known = opened.once.get("link")
    if isinstance(known, Link):
        return known
    workspace = opened.workspace
    link, problems = read_link(
        opened.caller.env,
        workspace.inputs.home,
        workspace.settings.dbt_cloud,
        {"defer_environment_id": opened.request.options.defer_env},
    )
    opened.require(problems)
    opened.once["link"] = link
    return link


def _is_production_itself(opened: OpenedProject, link: Link) -> bool:
    """Whether this is a run of a deployment environment, which defers only when told to."""
    if not is_deployment(opened, link) or link.is_deferral_chosen:
        return False
    options, env = opened.request.options, opened.caller.env
    return options.defer is None and option_from_env(env, "DEFER") is None


def is_deployment(opened: OpenedProject, link: Link) -> bool:
    """Whether this process runs for an environment that is not for developing."""
    if link.environment_id is None:
        return False
    env = opened.caller.env
    kind = env.get("DBT_CLOUD_ENVIRONMENT_TYPE") or env.get("DBT_CLOUD_INVOCATION_CONTEXT") or ""
    return kind.strip().lower() not in _DEVELOPING
