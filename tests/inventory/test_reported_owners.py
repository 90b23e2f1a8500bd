"""Owners that services report, applied to an interface: certain, or unchanged."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import MAX_LETTERS, Owner
from flowsentry.inventory.reported_owners import MAX_NAMES, Candidate, Candidates, KnownOwners, in_words

ROW = Interface(
    interface_id="eni-1",
    vpc_id="vpc-1",
    subnet_id="subnet-1",
    availability_zone="euc1-az2",
    addresses=("10.1.0.9", "10.1.0.10"),
    public_addresses=(),
    owner_kind="rds database",
    owner_id="eni-1",
    owner_name="eni-1",
    security_groups=("sg-1", "sg-2"),
    account_id="123456789012",
)
ORDERS, CARTS = Owner("rds database", "db-1", "orders"), Owner("rds database", "db-2", "carts")


def candidate(owner: Owner = ORDERS) -> Candidate:
    groups, zones = frozenset({"sg-2", "sg-1"}), frozenset({"euc1-az2"})
    return Candidate(owner, "123456789012", frozenset({"subnet-1", "subnet-2"}), groups, zones)


def owner_among(*candidates: Candidate, row: Interface = ROW) -> str:
    return KnownOwners(candidates={row.owner_kind: Candidates.of(candidates)}).with_owner(row).owner_name


def test_an_interface_without_a_reported_owner_is_unchanged() -> None:
    assert KnownOwners().with_owner(ROW) is ROW


def test_a_reported_interface_id_takes_precedence_over_ec2() -> None:
    known = KnownOwners()
    known.add_interfaces(["eni-1"], Owner("ecs task", "task-1", "checkout"))
    named = known.with_owner(replace(ROW, owner_kind="instance"))
    assert (named.owner_kind, named.owner_id, named.owner_name) == ("ecs task", "task-1", "checkout")


def test_any_address_identifies_the_owner_within_its_vpc_or_subnet() -> None:
    for scope in ("vpc-1", "subnet-1"):
        known = KnownOwners()
        known.add_addresses(scope, ["10.1.0.10"], ORDERS)
        assert known.with_owner(ROW).owner_name == "orders"


def test_a_key_that_two_owners_claim_identifies_neither() -> None:
    known = KnownOwners()
    for owner in (ORDERS, ORDERS):
        known.add_ids(["rds database"], ["eni-1"], owner)
    assert known.with_owner(ROW).owner_name == "orders"
    for owner in (CARTS, ORDERS):
        known.add_ids(["rds database"], ["eni-1"], owner)
    assert known.with_owner(ROW) is ROW


def test_the_only_candidate_that_fits_is_the_owner() -> None:
    assert owner_among(candidate()) == "orders"
    assert owner_among(candidate(), candidate()) == "orders"
    assert owner_among(candidate(), candidate(CARTS)) == "eni-1"


def test_a_candidate_that_differs_in_any_attribute_does_not_fit() -> None:
    others = (
        replace(candidate(), account_id="210987654321"),
        replace(candidate(), subnet_ids=frozenset({"subnet-2"})),
        replace(candidate(), security_groups=frozenset({"sg-1"})),
        replace(candidate(), zones=frozenset({"euc1-az1"})),
    )
    assert owner_among(*others) == "eni-1"


def test_a_candidate_with_unknown_attributes_fits_any_value() -> None:
    for changing in (replace(candidate(CARTS), security_groups=None), replace(candidate(CARTS), zones=None)):
        assert owner_among(candidate(), changing) == "eni-1"


def test_candidates_of_another_kind_are_ignored() -> None:
    known = KnownOwners(candidates={"lambda function": Candidates.of([candidate()])})
    assert known.with_owner(ROW) is ROW


@given(names=st.lists(st.text(min_size=1, max_size=MAX_LETTERS), min_size=1, max_size=50))
def test_names_of_a_shared_interface_are_bounded_and_the_others_counted(names: list[str]) -> None:
    actual = in_words(names)
    assert len(actual) <= MAX_LETTERS
    assert actual.endswith(f" and {len(names) - MAX_NAMES} more") == (len(names) > MAX_NAMES)


@given(order=st.permutations([candidate(Owner("rds database", f"db-{n}", f"name-{n % 3}")) for n in range(5)]))
def test_the_order_of_candidates_is_irrelevant(order: list[Candidate]) -> None:
    assert Candidates.of(order).fitting(ROW) == Candidates.of(order[::-1]).fitting(ROW)
