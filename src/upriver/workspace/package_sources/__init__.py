"""Fetching packages: from the registry, repositories, archives and directories, to a directory."""
