"""Ports of services: the end of a flow that has one is taken for the responder.

A selection from the IANA registry (https://www.iana.org/assignments/service-names-port-numbers) of services in VPCs,
plus the de-facto ports of databases, brokers and control planes above 1024.
"""

import polars as pl

FIRST_UNPRIVILEGED_PORT = 1024
FIRST_EPHEMERAL_PORT = 32_768
"""First ephemeral port of Linux (ip_local_port_range). Windows begins at 49152, NAT gateways at 1024: a source port
from here on belongs to an initiator, a lower one less certainly."""

SERVICES: dict[int, str] = {
    7: "echo",
    20: "ftp-data",
    21: "ftp",
    22: "ssh",
    23: "telnet",
    25: "smtp",
    53: "dns",
    67: "dhcp",
    68: "dhcp-client",
    69: "tftp",
    80: "http",
    88: "kerberos",
    110: "pop3",
    111: "rpcbind",
    123: "ntp",
    135: "msrpc",
    137: "netbios-ns",
    138: "netbios-dgm",
    139: "netbios-ssn",
    143: "imap",
    161: "snmp",
    162: "snmp-trap",
    179: "bgp",
    389: "ldap",
    443: "https",
    445: "smb",
    464: "kpasswd",
    465: "smtps",
    500: "isakmp",
    514: "syslog",
    515: "printer",
    546: "dhcpv6-client",
    547: "dhcpv6",
    554: "rtsp",
    587: "submission",
    593: "http-rpc",
    623: "ipmi",
    631: "ipp",
    636: "ldaps",
    853: "dns-over-tls",
    873: "rsync",
    902: "vmware",
    989: "ftps-data",
    990: "ftps",
    993: "imaps",
    995: "pop3s",
    1080: "socks",
    1194: "openvpn",
    1433: "mssql",
    1434: "mssql-browser",
    1521: "oracle",
    1701: "l2tp",
    1723: "pptp",
    1812: "radius",
    1813: "radius-accounting",
    1883: "mqtt",
    1900: "ssdp",
    2049: "nfs",
    2181: "zookeeper",
    2222: "ssh-alternative",
    2375: "docker",
    2376: "docker-tls",
    2379: "etcd",
    2380: "etcd-peer",
    2483: "oracle-tcp",
    2484: "oracle-tls",
    3000: "http-development",
    3128: "squid",
    3260: "iscsi",
    3268: "global-catalog",
    3269: "global-catalog-tls",
    3306: "mysql",
    3389: "rdp",
    3478: "stun",
    3690: "svn",
    4369: "erlang-port-mapper",
    4500: "ipsec-nat",
    4789: "vxlan",
    5000: "http-registry",
    5044: "beats",
    5060: "sip",
    5061: "sips",
    5222: "xmpp",
    5353: "mdns",
    5355: "llmnr",
    5432: "postgresql",
    5439: "redshift",
    5555: "android-debug",
    5601: "kibana",
    5671: "amqps",
    5672: "amqp",
    5900: "vnc",
    5985: "winrm",
    5986: "winrm-tls",
    6081: "geneve",
    6379: "redis",
    6443: "kubernetes",
    6514: "syslog-tls",
    6667: "irc",
    7000: "cassandra-peer",
    7001: "weblogic",
    7077: "spark",
    7199: "cassandra-jmx",
    7687: "neo4j-bolt",
    8000: "http-alternative",
    8008: "http-alternative",
    8080: "http-alternative",
    8081: "http-alternative",
    8086: "influxdb",
    8088: "http-alternative",
    8125: "statsd",
    8182: "neptune",
    8200: "vault",
    8300: "consul",
    8301: "consul-lan",
    8400: "consul-rpc",
    8443: "https-alternative",
    8472: "vxlan-flannel",
    8500: "consul-http",
    8600: "consul-dns",
    8834: "nessus",
    8883: "mqtts",
    8888: "http-alternative",
    9000: "http-alternative",
    9042: "cassandra",
    9090: "prometheus",
    9092: "kafka",
    9093: "kafka-alternative",
    9094: "kafka-tls",
    9096: "kafka-sasl",
    9098: "kafka-iam",
    9100: "node-exporter",
    9160: "cassandra-thrift",
    9200: "elasticsearch",
    9300: "elasticsearch-peer",
    9418: "git",
    9443: "https-alternative",
    10000: "webmin",
    10050: "zabbix-agent",
    10051: "zabbix",
    10250: "kubelet",
    10255: "kubelet-read-only",
    11211: "memcached",
    15672: "rabbitmq-management",
    15692: "rabbitmq-metrics",
    25565: "minecraft",
    26257: "cockroachdb",
    27017: "mongodb",
    27018: "mongodb-shard",
    28017: "mongodb-http",
    50000: "sap",
}

PORTS = 1 << 16
SERVICE = pl.Enum(sorted(set(SERVICES.values())))
# Scattered over constants: lists of all ports take 7 ms of every start of a function, these take 0.2.
NAME_OF_PORT = (
    pl.repeat(None, PORTS, dtype=SERVICE, eager=True)
    .scatter(list(SERVICES), pl.Series(SERVICES.values(), dtype=SERVICE))
    .alias("service")
)
IS_SERVICE_PORT = (pl.int_range(PORTS, eager=True) < FIRST_UNPRIVILEGED_PORT).scatter(list(SERVICES), values=True)


def service_name(port: pl.Expr) -> pl.Expr:
    """The name of the service on a port; null if the port has no known service."""
    return pl.lit(NAME_OF_PORT).gather(port)


def is_service_port(port: pl.Expr) -> pl.Expr:
    """Whether services listen on the port: below 1024, or listed in SERVICES."""
    return pl.lit(IS_SERVICE_PORT).gather(port)


def are_service_ports(ports: pl.Series) -> pl.Series:
    """Whether services listen on each of the ports. `is_service_port` is the same function for an expression."""
    return IS_SERVICE_PORT[ports]
