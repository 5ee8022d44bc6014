"""Reading single parts of foreign manifests."""

from __future__ import annotations

import msgspec
import pytest

from upriver.state.wire.read import (
    WireMetadata,
    decode_config,
    decode_manifest,
    schema_version,
    shape_error,
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("https://schemas.getdbt.com/dbt/manifest/v12.json", 12),
        ("https://schemas.getdbt.com/dbt/manifest/v4.json", 4),
        ("https://schemas.getdbt.com/dbt/manifest/v20/manifest.json", 20),
        ("something else", None),
        (None, None),
    ],
)
def test_the_version_is_the_number_in_the_schemas_address(text, version):
    assert schema_version(WireMetadata(dbt_schema_version=text)) == version
    assert schema_version(None) is None


@pytest.mark.parametrize("data", [b"[]", b"3", b'{"materialized": 3}'])
def test_a_config_of_another_shape_counts_as_empty(data):
    assert decode_config(data).materialized is None


def test_a_file_that_is_not_an_object_has_no_field_to_name():
    wire, [problem] = decode_manifest(b"[]", "m.json")
    assert wire is None
    assert problem.message.startswith("`the file` in `m.json`")


def test_a_decoding_error_is_split_into_field_and_complaint():
    error = msgspec.ValidationError("Expected `str`, got `int` - at `$.nodes[...].alias`")
    assert shape_error(error) == ("nodes[...].alias", "Expected `str`, got `int`")
    assert shape_error(msgspec.ValidationError("Expected `x`")) == ("the file", "Expected `x`")
