"""What passes on for others opened nothing itself."""

import pytest

from flowsentry.contacts import contacts
from flowsentry.contacts.signs import INTERMEDIARIES
from flowsentry.ownership import Inventory
from tests.builders import INTERFACE, V2, V5, enriched, exchange, interface, probe


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
@pytest.mark.parametrize("kind", INTERMEDIARIES)
def test_an_intermediary_initiates_no_contact_whatever_became_of_it(kind: str, names: tuple[str, ...]) -> None:
    known = Inventory.of((interface("10.0.0.9", kind, interface_id=INTERFACE),))
    lines = [probe("10.0.0.9", "10.0.0.5", 443, names), *exchange("10.0.0.9", "10.0.0.6", 443, names)]
    assert len(contacts(enriched(lines, names, known))) == 0


def test_an_instance_does_and_so_does_one_that_nobody_knows() -> None:
    known = Inventory.of((interface("10.0.0.9"),))
    lines = [probe("10.0.0.9", "10.0.0.5", 443), probe("10.0.0.8", "10.0.0.5", 443)]
    assert sorted(contacts(enriched(lines, inventory=known))["initiator"]) == ["10.0.0.8", "10.0.0.9"]


def test_an_intermediary_may_be_called() -> None:
    known = Inventory.of((interface("10.0.0.9", "application load balancer"),))
    assert contacts(enriched([probe("203.0.113.1", "10.0.0.9", 443)], inventory=known))["outcome"].to_list() == [
        "unanswered"
    ]
