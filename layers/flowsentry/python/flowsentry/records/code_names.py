"""Names of the codes in records: protocols, TCP flags, login ports, traffic paths, encryption statuses. No polars: the
notifier imports this module.

Sources: IANA's "Protocol Numbers" (https://www.iana.org/assignments/protocol-numbers); AWS VPC User Guide, "Flow log
records" (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html) and "VPC encryption controls"
(https://docs.aws.amazon.com/vpc/latest/userguide/vpc-encryption-controls.html); RFC 9293 and RFC 3168 for TCP's flags.
"""

_PROTOCOLS: dict[int, str] = {
    0: "hopopt icmp igmp ggp ipv4 st tcp cbt egp igp",
    10: "bbn-rcc-mon nvp-ii pup argus emcon xnet chaos udp mux dcn-meas",
    20: "hmp prm xns-idp trunk-1 trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4",
    30: "netblt mfe-nsp merit-inp dccp 3pc idpr xtp ddp idpr-cmtp tp++",
    40: "il ipv6 sdrp ipv6-route ipv6-frag idrp rsvp gre dsr bna",
    50: "esp ah i-nlsp swipe narp min-ipv4 tlsp skip icmpv6 ipv6-nonxt",
    60: "ipv6-opts 61 cftp 63 sat-expak kryptolan rvd ippc 68 sat-mon",
    70: "visa ipcv cpnx cphb wsn pvp br-sat-mon sun-nd wb-mon wb-expak",
    80: "iso-ip vmtp secure-vmtp vines iptm nsfnet-igp dgp tcf eigrp ospf",
    90: "sprite-rpc larp mtp ax.25 ipip micp scc-sp etherip encap 99",
    100: "gmtp ifmp pnni pim aris scps qnx a/n ipcomp snp",
    110: "compaq-peer ipx-in-ip vrrp pgm 114 l2tp ddx iatp stp srp",
    120: "uti smp sm ptp isis-over-ipv4 fire crtp crudp sscopmce iplt",
    130: "sps pipe sctp fc rsvp-e2e-ignore mobility-header udplite mpls-in-ip manet hip",
    140: "shim6 wesp rohc ethernet aggfrag nsh homa bit-emu",
}
"""Ten per row. A number stands for itself if IANA describes a use but names no protocol; from 148 on none is named."""
PROTOCOLS: dict[int, str] = {
    first + offset: name for first, row in _PROTOCOLS.items() for offset, name in enumerate(row.split())
}
PROTOCOL_NUMBERS: dict[str, int] = {name: number for number, name in PROTOCOLS.items()}
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58

FIN, SYN, RST, ACK = 1, 2, 4, 16
SYN_ACK = SYN | ACK
TCP_FLAGS: dict[int, str] = {
    2: "SYN",
    16: "ACK",
    8: "PSH",
    32: "URG",
    64: "ECE",
    128: "CWR",
    4: "RST",
    1: "FIN",
}
"""In display order: flags that open a connection, flags during it, flags that close it."""
NO_FLAGS = "none"

LOGIN_PORTS: dict[int, str] = {22: "SSH", 3389: "RDP", 5985: "WinRM", 5986: "WinRM"}
"""Ports for remote logins to a host."""

TRAFFIC_PATHS: dict[int, str] = {
    1: "same VPC",
    2: "internet gateway or gateway VPC endpoint",
    3: "virtual private gateway",
    4: "VPC peering within the region",
    5: "VPC peering between regions",
    6: "local gateway",
    7: "gateway VPC endpoint",
    8: "internet gateway",
}
"""The path that egress traffic takes out of the VPC. 1 is also the local gateway of an Outpost. 7 and 8 are reported
for Nitro instances only; for others, 2 covers both."""

ENCRYPTION_STATUSES: dict[int, str] = {
    0: "not encrypted",
    1: "encrypted by Nitro",
    2: "encrypted by the application",
    3: "encrypted by Nitro and the application",
}
"""2 is inferred from port 443 of endpoints and from a service's settings, not from packets."""


def protocol_name(number: int) -> str:
    """`tcp` for 6: IANA's keyword in lower case; the number itself if IANA has none."""
    return PROTOCOLS.get(number, str(number))


def tcp_flags_in_words(flags: int) -> str:
    """`SYN-ACK+FIN` for 19; `none` for 0, which in VPC flow logs is traffic in the middle of a connection: ACK alone
    and PSH are not reported there. Bits that are no TCP flag stay a number.
    """
    names = ["SYN-ACK"] if flags & SYN_ACK == SYN_ACK else []
    remaining = flags & ~SYN_ACK if names else flags
    names += [name for flag, name in TCP_FLAGS.items() if remaining & flag]
    unknown = remaining & ~sum(TCP_FLAGS)
    return "+".join([*names, str(unknown)] if unknown else names) or NO_FLAGS


def traffic_path_in_words(code: int) -> str:
    """`internet gateway` for 8; the number itself for a path that AWS adds later."""
    return TRAFFIC_PATHS.get(code, str(code))


def encryption_status_in_words(code: int) -> str:
    """`encrypted by Nitro` for 1; the number itself for a status that AWS adds later."""
    return ENCRYPTION_STATUSES.get(code, str(code))
