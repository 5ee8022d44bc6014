"""What PostgreSQL's types are called where dbt compares columns.

dbt-postgres names the columns of a query after groups of types, so that a contract which says
`varchar` accepts `text` and one which says `numeric` accepts any precision. The table gives the
name that dbt-postgres 1.11 gives to each of the first 5,000 type numbers.
"""

from __future__ import annotations

_GROUPS: dict[str, tuple[int, ...]] = {
    "BOOLEAN": (16,),
    "BINARY": (17,),
    "LONGINTEGER": (20,),
    "INTEGER": (21, 23),
    "TEXT": (18, 19, 25, 1042, 1043),
    "ROWID": (26,),
    "JSON": (114,),
    "FLOAT": (700, 701),
    "DATE": (1082,),
    "TIME": (1083, 1266),
    "DATETIME": (1114,),
    "DATETIMETZ": (1184,),
    "INTERVAL": (704, 1186),
    "DECIMAL": (1700,),
    "JSONB": (3802,),
    "BOOLEANARRAY": (1000,),
    "BINARYARRAY": (1001,),
    "LONGINTEGERARRAY": (1016,),
    "INTEGERARRAY": (1005, 1006, 1007),
    "STRINGARRAY": (1002, 1003, 1009, 1014, 1015),
    "ROWIDARRAY": (1013, 1028),
    "JSONARRAY": (199,),
    "FLOATARRAY": (1021, 1022),
    "DATEARRAY": (1182,),
    "TIMEARRAY": (1183, 1270),
    "DATETIMEARRAY": (1115,),
    "DATETIMETZARRAY": (1185,),
    "INTERVALARRAY": (1187,),
    "DECIMALARRAY": (1231,),
    "JSONBARRAY": (3807,),
    "UNKNOWN": (705,),
    "CIDRARRAY": (651,),
    "MACADDRARRAY": (1040,),
    "INETARRAY": (1041,),
    # The ranges of numbers share one odd name, so a contract cannot tell them apart.
    "type": (3904, 3906, 3926),
    "typeARRAY": (3905, 3907, 3927),
    "tsrange": (3908,),
    "tsrangeARRAY": (3909,),
    "tstzrange": (3910,),
    "tstzrangeARRAY": (3911,),
    "daterange": (3912,),
    "daterangeARRAY": (3913,),
}
_NAME_BY_OID = {oid: name for name, oids in _GROUPS.items() for oid in oids}


def type_name(oid: int) -> str:
    """Return dbt's name for a type."""
    return _NAME_BY_OID.get(oid, f"unknown type_code {oid}")
