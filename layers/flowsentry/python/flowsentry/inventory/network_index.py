"""A set of networks that finds whether another network or an address is within one of them, however many there are."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from msgspec import field

from flowsentry.inventory.source_address import Network
from flowsentry.value import Value


class NetworkIndex(Value, frozen=True):
    """Networks by IP version and length of the prefix: a search costs one look-up for each length that occurs, instead
    of a comparison for each network, which takes 0.7 µs: 188 µs for 256.
    """

    prefixes: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    """{(version, length of the prefix): the prefixes, as numbers}"""

    @classmethod
    def of(cls, networks: Iterable[Network]) -> Self:
        found: dict[tuple[int, int], set[int]] = defaultdict(set)
        for network in networks:
            found[network.version, network.prefixlen].add(_prefix(network, network.prefixlen))
        return cls({key: frozenset(prefixes) for key, prefixes in found.items()})

    def __bool__(self) -> bool:
        return bool(self.prefixes)

    def contains(self, network: Network) -> bool:
        """Whether all of a network, which may be a single address, is in one of these."""
        return any(
            version == network.version and length <= network.prefixlen and _prefix(network, length) in prefixes
            for (version, length), prefixes in self.prefixes.items()
        )


def _prefix(network: Network, length: int) -> int:
    """The first `length` bits of a network's address."""
    return int(network.network_address) >> (network.max_prefixlen - length)
