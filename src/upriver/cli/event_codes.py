"""dbt's codes of the warnings that problems stand for, by event name (CLI-107, CLI-108)."""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "DeprecatedModel": "I065",
    "DeprecatedReference": "I067",
    "DuplicateNameDistinctNodeTypesDeprecation": "D040",
    "DuplicateYAMLKeysDeprecation": "D024",
    "EnvironmentVariableNamespaceDeprecation": "D036",
    "EnvironmentVariableRenamed": "D009",
    "ExposureNameDeprecation": "D007",
    "InvalidDisabledTargetInTestNode": "I050",
    "MacroNotFoundForPatch": "I059",
    "MissingArgumentsPropertyInGenericTestDeprecation": "D039",
    "NoNodeForYamlKey": "I058",
    "NoNodesForSelectionCriteria": "M030",
    "NoNodesSelected": "Q038",
    "NodeNotFoundOrDisabled": "I060",
    "PackageNodeDependsOnRootProjectNode": "I077",
    "ProjectFlagsMovedDeprecation": "D013",
    "ResourceNamesWithSpacesDeprecation": "D015",
    "SourceOverrideDeprecation": "D035",
    "UnexpectedJinjaBlockDeprecation": "D023",
    "UnsupportedConstraintMaterialization": "I068",
    "UnusedResourceConfigPath": "I051",
    "WarnStateTargetEqual": "I072",
    "WrongResourceSchemaFile": "I057",
}
