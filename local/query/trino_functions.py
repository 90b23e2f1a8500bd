"""Functions of Trino that named queries use and DuckDB lacks, as macros of the same name and meaning.

https://trino.io/docs/current/functions/datetime.html, https://trino.io/docs/current/functions/ipaddress.html,
https://duckdb.org/docs/stable/sql/statements/create_macro
"""

STATEMENTS = (
    "CREATE MACRO from_unixtime(seconds) AS make_timestamp(CAST(seconds AS BIGINT) * 1000000)",
    # Trino's type of addresses, here as text. An address is compared as its 128 bits, in text too: that of IPv4 is the
    # mapped one of IPv6, ::ffff:0:0/96.
    "CREATE TYPE ipaddress AS VARCHAR",
    """CREATE MACRO bits_of(number, width) AS
      right(CAST(CAST(TRY_CAST(number AS INTEGER) AS BIT) AS VARCHAR), width)""",
    """CREATE MACRO bits_of_groups(groups) AS array_to_string(list_transform(
      list_filter(string_split(groups, ':'), lambda each: each <> ''), lambda each: bits_of('0x' || each, 16)), '')""",
    """CREATE MACRO ipv6_bits(address) AS
      rpad(bits_of_groups(split_part(address, '::', 1)),
        CAST(128 - length(bits_of_groups(split_part(address, '::', 2))) AS INTEGER), '0')
      || bits_of_groups(split_part(address, '::', 2))""",
    """CREATE MACRO ipv4_bits(address) AS repeat('0', 80) || repeat('1', 16)
      || array_to_string(list_transform(string_split(address, '.'), lambda each: bits_of(each, 8)), '')""",
    """CREATE MACRO address_bits(address) AS
      CASE WHEN strpos(address, '.') > 0 THEN ipv4_bits(address) ELSE ipv6_bits(address) END""",
    """CREATE MACRO network_bits(network) AS left(address_bits(split_part(network, '/', 1)),
      CAST(split_part(network, '/', 2) AS INTEGER) + CASE WHEN strpos(network, '.') > 0 THEN 96 ELSE 0 END)""",
    "CREATE MACRO contains(network, address) AS starts_with(address_bits(address), network_bits(network))",
)
"""In the order in which they need each other."""
