"""How often something may be tried. In memory, by a sliding window. Pure: time is handed in.

Above all links that open nothing, from one address. A token cannot be guessed; this only keeps whoever tries from
costing much. So only misses count there, never somebody's own link: a whole school comes from one address, all at the
same minute.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

WINDOW = timedelta(minutes=5)
MOST = 60
"""Misses from one address within the window: a class that types an address from the board gets by."""
MOST_ADDRESSES = 10_000
"""Kept at the same time, those with the latest misses; some MB at the most."""


class Attempts:
    """Counts misses by address; or whatever `note` is told of, by whatever else it comes from."""

    def __init__(self, *, most: int = MOST, window: timedelta = WINDOW, most_addresses: int = MOST_ADDRESSES) -> None:
        self._most = most
        self._window = window
        self._most_addresses = most_addresses
        self._misses: OrderedDict[str, deque[datetime]] = OrderedDict()

    def find_wait(self, address: str, *, now: datetime) -> timedelta | None:
        """For how long this address has to wait before it may try again; None: it may."""
        misses = self._misses.get(network_of(address))
        if misses is None:
            return None
        while misses and misses[0] <= now - self._window:
            misses.popleft()
        return misses[0] + self._window - now if len(misses) >= self._most else None

    def note(self, address: str, *, now: datetime) -> None:
        """What counts came from there, such as a link that opened nothing."""
        network = network_of(address)
        self._misses.setdefault(network, deque(maxlen=self._most)).append(now)
        self._misses.move_to_end(network)
        if len(self._misses) > self._most_addresses:
            self._misses.popitem(last=False)


def network_of(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 of an IPv6 one, of which one house has 2^64."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return known.exploded[:19]
