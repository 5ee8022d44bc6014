"""dbt's codes of events that problems and lines of progress stand for, by name (CLI-107)."""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "DeprecatedModel": "I065",
    "DeprecatedReference": "I067",
    "DepsAddPackage": "M032",
    "DepsFoundDuplicatePackage": "M033",
    "DepsInstallInfo": "M015",
    "DepsListSubdirectory": "M018",
    "DepsLockUpdating": "M031",
    "DepsNoPackagesFound": "M013",
    "DepsNotifyUpdatesAvailable": "M019",
    "DepsStartPackageInstall": "M014",
    "DepsUnpinned": "M029",
    "DepsUpToDate": "M017",
    "DepsUpdateAvailable": "M016",
    "DuplicateNameDistinctNodeTypesDeprecation": "D040",
    "DuplicateYAMLKeysDeprecation": "D024",
    "EnvironmentVariableNamespaceDeprecation": "D036",
    "EnvironmentVariableRenamed": "D009",
    "ExposureNameDeprecation": "D007",
    "Formatting": "Z017",
    "InvalidDisabledTargetInTestNode": "I050",
    "MacroNotFoundForPatch": "I059",
    "MissingArgumentsPropertyInGenericTestDeprecation": "D039",
    "NoNodeForYamlKey": "I058",
    "NoNodesForSelectionCriteria": "M030",
    "NoNodesSelected": "Q038",
    "NodeNotFoundOrDisabled": "I060",
    "PackageNodeDependsOnRootProjectNode": "I077",
    "PackageRedirectDeprecation": "D001",
    "ProjectFlagsMovedDeprecation": "D013",
    "ResourceNamesWithSpacesDeprecation": "D015",
    "SourceOverrideDeprecation": "D035",
    "UnexpectedJinjaBlockDeprecation": "D023",
    "UnsupportedConstraintMaterialization": "I068",
    "UnusedResourceConfigPath": "I051",
    "WarnStateTargetEqual": "I072",
    "WrongResourceSchemaFile": "I057",
}
